"""What a setting should have been, and how to write it: pydantic's faults in anello's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from math import isnan
from typing import Any

from anello.base.number_words import as_number, as_share
from anello.errors import did_you_mean

_NUMBER = ("float_type", "float_parsing", "int_type", "int_parsing", "int_from_float")
_MAPPING = ("dict_type", "model_type", "model_attributes_type")
_LIST = ("list_type", "tuple_type")
_DAY_PATTERN = "^(0[1-9]|1[0-2])-"
_COUNTRY_PATTERN = "^[A-Z]{2}$"
_NAME_PATTERN = r"^[A-Za-z0-9]"
_OWN_PATH = re.compile(r"([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*): (.+)", re.DOTALL)


def in_words(kind: str, message: str, value: Any, known: Iterable[str]) -> tuple[str, str | None]:
    """Return what is wrong with a value, and what to do.

    Parameters
    ----------
    kind, message : str
        What pydantic calls the fault, and says of it.
    value : object
        The value at fault.
    known : iterable of str
        Keys that it may have, where it should be a mapping; of a mapping of names nothing.
    """
    if kind in _MAPPING:
        keys = [] if kind == "dict_type" else sorted(known)
        hint = f"Known below it are {', '.join(f'`{key}`' for key in keys)}." if keys else ""
        if isinstance(value, list):
            hint = " ".join(filter(None, ["Write `name:` in place of each `-`.", hint]))
        return _of_another_kind("keys with values, `key: value`", value, hint or None)
    if kind in _LIST:
        advice = None
        if isinstance(value, str | int | float):
            advice = f"Write `[{value}]`."
        elif isinstance(value, Mapping):
            advice = "Begin each entry with `- `, also a single one."
        return _of_another_kind("a list", value, advice)
    if kind in _NUMBER:
        what = "a whole number" if kind.startswith("int") else "a number"
        return _of_another_kind(what, value, as_number(value))
    if kind == "another_kind":
        return _of_another_kind(message, value, did_you_mean(str(value), known) or as_number(value))
    if kind == "finite_number" or (isinstance(value, float) and isnan(value)):
        return "should be a finite number", None
    if kind in ("bool_type", "bool_parsing"):
        return _of_another_kind("`true` or `false`", value, None)
    if kind == "string_type":
        return _of_another_kind("text", value, _quoted(value))
    if kind == "invalid_key":
        return (
            "should be text, as all keys are",
            "Put it in quotes; a decimal comma makes a key of what follows: write a point.",
        )
    if kind == "string_pattern_mismatch" and _DAY_PATTERN in message:
        return 'should be a day of the year, as `"07-15"` for 15 July', None
    if kind == "string_pattern_mismatch" and _COUNTRY_PATTERN in message:
        return "should be two capital letters, as `IT` for Italy", None
    if kind == "string_pattern_mismatch" and _NAME_PATTERN in message:
        return (
            "should be a name",
            "Use letters, digits, `_`, `.` and `-`, the first a letter or a digit.",
        )
    told = message.removeprefix("Value error, ")
    return told[:1].lower() + told[1:], as_share(kind, message, value)


def is_another_kind(kind: str) -> bool:
    """Whether a fault is a value of another type, and not one beyond what its type allows."""
    return kind in (*_NUMBER, *_MAPPING, *_LIST, "string_type", "literal_error")


def another_kind(faults: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the one fault of a value that is of none of several types.

    Parameters
    ----------
    faults : iterable of mapping
        What pydantic says, for each type, of one value.
    """
    options: list[str] = []
    words: list[str] = []
    value: Any = None
    for fault in faults:
        kind, value = fault["type"], fault.get("input")
        if kind == "literal_error":
            expected = str(fault["ctx"]["expected"]).replace(" or ", ", ").split(", ")
            told = [option.strip("'") for option in expected]
            options += told
            words += [f"`{option}`" for option in told]
        elif kind in _LIST:
            words.append("a list")
        elif kind in _NUMBER:
            words.append("a number")
        else:
            words.append("text" if kind == "string_type" else "keys with values")
    message = " or ".join(dict.fromkeys(words))
    return {"type": "another_kind", "msg": message, "input": value, "ctx": {"options": options}}


def _quoted(value: Any) -> str | None:
    """Return how something that YAML takes for no text is written as text."""
    if isinstance(value, Mapping | list):
        return None
    if isinstance(value, bool):
        return "YAML reads yes, no, on and off as true or false: put it in quotes."
    if isinstance(value, date):
        return f'Put it in quotes; where the year does not count, write `"{value:%m-%d}"`.'
    return f'Put it in quotes: `"{value}"`.'


def _of_another_kind(what: str, value: Any, hint: str | None) -> tuple[str, str | None]:
    if value is None:
        return f"is empty, and should be {what}", " ".join(
            filter(None, ["Give it, or leave the key out.", hint])
        )
    return f"should be {what}", hint


def own_path(message: str, value: Any) -> tuple[tuple[str | int, ...], str, Any]:
    """Return which key below a value a check of several keys complains of.

    Parameters
    ----------
    message : str
        What a check said; it begins with the path of a key, as in ``sizes.wells: there is none``,
        or ``branches.0.start: is no place``.
    value : object
        The mapping that was checked.

    Returns
    -------
    tuple of (tuple of str or int, str, object)
        The keys, positions in lists as integers, the message without them, and the value there; no
        keys where the message names none that the mapping has.
    """
    found = _OWN_PATH.fullmatch(message)
    if found is None:
        return (), message, value
    keys: list[str | int] = []
    below = value
    for part in found[1].split("."):
        key = int(part) if part.isdigit() and isinstance(below, list) else part
        if not _has(below, key):
            return (), message, value
        keys.append(key)
        below = below[key]
    return tuple(keys), found[2], below


def _has(value: Any, key: str | int) -> bool:
    """Whether a mapping has a key, or a list a position."""
    if isinstance(value, list):
        return isinstance(key, int) and key < len(value)
    return isinstance(value, Mapping) and key in value


__all__ = ["in_words", "own_path"]
