"""Tables of settings from the JSON schema of their models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def _resolve(schema: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        target = schema["$defs"][part["$ref"].rpartition("/")[2]]
        return {**target, **{k: v for k, v in part.items() if k != "$ref"}}
    return dict(part)


def _alternatives(schema: Mapping[str, Any], part: Mapping[str, Any]) -> list[dict[str, Any]]:
    part = _resolve(schema, part)
    options = part.get("oneOf") or part.get("anyOf")
    if options is None:
        return [part]
    return [found for option in options for found in _alternatives(schema, option)]


def rows(
    schema: Mapping[str, Any], part: Mapping[str, Any], path: str, above: tuple[str, ...]
) -> Iterator[tuple[str, str, str, str]]:
    """Return key, value, default and meaning of every setting below a part of a schema."""
    objects = [a for a in _alternatives(schema, part) if "properties" in a]
    for item in objects:
        if item["title"] in above:
            continue
        tag = next((p["const"] for p in item["properties"].values() if "const" in p), None)
        label = f" ({tag})" if tag is not None and len(objects) > 1 else ""
        for name, child in item["properties"].items():
            key = f"{path}.{name}" if path else name
            resolved = _resolve(schema, child)
            yield (
                f"`{key}`{label}",
                _cell(type_name(schema, child)),
                _cell(_default(child, name in item.get("required", ()))),
                _cell(resolved.get("description", "")),
            )
            yield from rows(schema, child, key, (*above, item["title"]))
    for item in _alternatives(schema, part):
        named = [item.get("additionalProperties"), *item.get("patternProperties", {}).values()]
        for extra in (one for one in named if isinstance(one, dict)):
            yield from rows(schema, extra, f"{path}.<name>" if path else "<name>", above)
        if isinstance(item.get("items"), dict):
            yield from rows(schema, item["items"], f"{path}[]", above)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _default(part: Mapping[str, Any], required: bool) -> str:
    if required:
        return "needed"
    if "default" not in part:
        return ""
    value = part["default"]
    if isinstance(value, dict) and value:
        return "see its keys"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def type_name(schema: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    """Say in words what a setting may be."""
    names: list[str] = []
    for item in _alternatives(schema, part):
        if "enum" in item:
            name = ", ".join(f"`{value}`" for value in item["enum"])
        elif "const" in item:
            name = f"`{item['const']}`"
        elif item.get("type") == "array":
            inner = item.get("items") or (item.get("prefixItems") or [{}])[0]
            name = f"list of {type_name(schema, inner)}"
        elif item.get("type") == "object":
            name = "mapping"
        else:
            name = _plain_type(item)
        if name not in names:
            names.append(name)
    return " or ".join(names)


def _plain_type(item: Mapping[str, Any]) -> str:
    name = {
        "number": "number", "integer": "whole number", "string": "text", "boolean": "true or false",
        "null": "null",
    }.get(str(item.get("type")), "any")  # fmt: skip
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    limits = [f"{sign} {item[key]:g}" for key, sign in signs.items() if key in item]
    return f"{name} {', '.join(limits)}".rstrip()


def sections(schema: Mapping[str, Any], level: str = "###") -> str:
    """Return all settings of a schema as Markdown, one section per top-level key.

    Parameters
    ----------
    schema : mapping
        JSON schema of the settings' model.
    level : str
        Marks of the headings.

    Returns
    -------
    str
        Headings, descriptions, and tables of key, value, default and meaning.
    """
    lines: list[str] = []
    for name, part in schema["properties"].items():
        about = part.get("description") or _resolve(schema, part).get("description", "")
        lines += [f"{level} `{name}`", "", about, ""]
        found = list(rows(schema, part, "", ()))
        if found:
            lines += ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
            lines += [f"| {' | '.join(row)} |" for row in found]
        else:
            lines.append(f"Value: {type_name(schema, part)}.")
            if "default" in part:
                lines[-1] += f" Default: {_default(part, False)}."
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
