"""A fault of settings, as pydantic reports it, in anello's words and with its place in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from anello.base.fault_words import another_kind, in_words, is_another_kind, own_path
from anello.base.yaml_lines import locate
from anello.errors import Problem, did_you_mean

_TYPES = ("constrained-float", "constrained-int", "constrained-str", "float", "int", "str")
"""What pydantic appends to a key of which values of several types are possible."""


def told_once(items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return faults with one of each value that may be of several types, such as a number or text.

    Of such a value pydantic says for every type why it is none of it. A number beyond its range is
    no fault of text; what is none of the types is told with all of them.

    Parameters
    ----------
    items : iterable of mapping
        Faults, as pydantic reports them.
    """
    groups: dict[tuple[str | int, ...], list[Mapping[str, Any]]] = {}
    for item in items:
        loc = tuple(item["loc"])
        types = [place for place, part in enumerate(loc) if _is_type(part)]
        groups.setdefault(loc[: types[0]] if types else loc, []).append(item)
    out: list[Mapping[str, Any]] = []
    for loc, group in groups.items():
        kinds = {item["type"] for item in group}
        if len(group) == 1 or not any(_is_type(part) for part in group[0]["loc"]):
            out += group
        elif all(map(is_another_kind, kinds)):
            out.append({**another_kind(group), "loc": loc})
        else:
            out += [item for item in group if not is_another_kind(item["type"])]
    return out


def _is_type(part: str | int) -> bool:
    return part in _TYPES or (isinstance(part, str) and part.startswith(("literal[", "list[")))


def problem_of(
    model: type[BaseModel],
    item: Mapping[str, Any],
    files: Sequence[str | Path],
    prefix: tuple[str, ...] = (),
    described: str = "config/README.md describes it",
) -> Problem:
    """Return one of pydantic's faults in anello's words.

    Parameters
    ----------
    model : type
        The settings that were read.
    item : mapping
        The fault, as pydantic reports it.
    files : sequence of path-like
        Files that the settings come from, the later ones laid over the earlier.
    prefix : tuple of str
        Keys above those that pydantic names.
    described : str
        Where to read about a key that is missing.

    Returns
    -------
    Problem
        With file, line, key, value and, where a key was misspelt, what was probably meant.
    """
    loc = prefix + _keys_only(model, item["loc"])
    file, line = locate(files, loc)
    key = ".".join(str(part) for part in loc)
    kind = item["type"]
    if kind == "extra_forbidden":
        known = _sibling_keys(model, tuple(item["loc"]))
        hint = did_you_mean(str(loc[-1]), known)
        if hint is None and known:
            hint = f"Known here are {', '.join(f'`{k}`' for k in sorted(known))}."
        return Problem("is not a setting", file, line, key, item.get("input"), hint)
    if kind == "missing":
        return Problem("is missing", file, line, key, None, f"Add it; {described}.")
    if kind in ("literal_error", "union_tag_invalid"):
        context = item.get("ctx", {})
        expected = str(context.get("expected") or context.get("expected_tags") or "")
        options = [option.strip(" '") for option in expected.replace(" or ", ",").split(",")]
        value = context.get("tag", item.get("input"))
        hint = did_you_mean(str(value), options) or f"Allowed are {expected}."
        if kind == "union_tag_invalid":
            key = f"{key}.{str(context.get('discriminator', 'kind')).strip(chr(39))}"
        return Problem("has a value that is not allowed", file, line, key, value, hint)
    below: Iterable[str] = _sibling_keys(model, (*item["loc"], ""))
    if kind == "another_kind":
        below = item["ctx"]["options"]
    message, hint = in_words(kind, item["msg"], item.get("input"), below)
    own, message, value = own_path(message, item.get("input"))
    if own:
        file, line = locate(files, (*loc, *own))
        key = ".".join((key, *map(str, own))).lstrip(".")
    return Problem(message, file, line, key, value, hint)


def _keys_only(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[str | int, ...]:
    """Drop what pydantic puts into a location beside keys: tags of unions, names of types."""
    tags, keys, chosen = _union_tags(model)
    kept: list[str | int] = []
    for before, part in zip(("", *loc), loc, strict=False):
        if isinstance(part, str) and ("[" in part or part == "function" or part in _TYPES):
            continue
        # A tag may be spelt as a key is, such as `store`; then it follows what it tells apart.
        if part in tags and (part not in keys or before in chosen):
            continue
        kept.append(part)
    return tuple(kept)


@cache
def _union_tags(
    root: type[BaseModel],
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return tags of unions anywhere below a model, all keys, and those with one of a union."""
    schema = root.model_json_schema()
    found: set[str] = set()
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            found.update(node.get("discriminator", {}).get("mapping", {}))
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    fields = [pair for model in _models(root) for pair in model.model_fields.items()]
    chosen = frozenset(key for key, field in fields if field.discriminator is not None)
    return frozenset(found), frozenset(key for key, _ in fields), chosen


def _models(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and all models its fields hold, each once."""
    seen: set[type[BaseModel]] = set()
    stack: list[Any] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            if item in seen:
                continue
            seen.add(item)
            yield item
            stack.extend(field.annotation for field in item.model_fields.values())
        else:
            stack.extend(getattr(item, "__args__", ()))


def _sibling_keys(model: type[BaseModel], loc: tuple[str | int, ...]) -> set[str]:
    """Return the keys known beside the last part of a location within a model."""
    current: list[Any] = [model]
    for part in loc[:-1]:
        following: list[Any] = []
        for candidate in current:
            fields = candidate.model_fields
            if isinstance(part, str) and part in fields:
                following += _reachable(fields[part].annotation)
        # An integer, a name in a dict or a union's tag chooses within what is already at hand.
        current = following or current
    tagged = [m for m in current if _has_tag(m, loc)]
    return {
        key
        for candidate in (tagged or current)
        for key, field in candidate.model_fields.items()
        if not field.exclude
    }


def _has_tag(model: type[BaseModel], loc: tuple[str | int, ...]) -> bool:
    for selector in ("kind", "source"):
        field = model.model_fields.get(selector)
        if field is not None and set(getattr(field.annotation, "__args__", ())) & set(loc):
            return True
    return False


def _reachable(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in getattr(annotation, "__args__", ()) for m in _reachable(part)]
