"""How a number that was written otherwise is written for the settings."""

from __future__ import annotations

import re

_COMMA = re.compile(r"[-+]?\d+,\d+")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:[ ' _,]\d{3})+")
_WITH_UNIT = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*[^\d\s.,:][^\d]*\d?")
_ARC = re.compile(r"(\d+)\s*°\s*(\d+)\s*['′’]?(?:\s*(\d+(?:\.\d+)?)\s*(?:\"|″|''))?\s*[NE]?")


def as_number(value: object) -> str | None:
    """Return how text that means a number is written as one; None for what means none.

    Parameters
    ----------
    value : object
        What stands in place of a number.
    """
    if not isinstance(value, str):
        return None
    text = value.strip()
    share = text.endswith("%")
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        return _otherwise(text)
    if share:
        return f"Write {number / 100.0:.12g}."
    if "e" not in text.lower():
        return f"Write it without quotes: `{text}`."
    whole, _, exponent = repr(number).partition("e")
    written = f"{whole if '.' in whole else whole + '.0'}" + (f"e{exponent}" if exponent else "")
    return f"YAML wants a point and a sign in such a number: write `{written}`."


def _otherwise(text: str) -> str | None:
    if _THOUSANDS.fullmatch(text) and "," not in text:
        return f"Write it without separators: `{re.sub('[^0-9+-]', '', text)}`."
    if _THOUSANDS.fullmatch(text):
        point, none = text.replace(",", "."), text.replace(",", "")
        if text.count(",") > 1:
            return f"Write it without separators: `{none}`."
        return f"Write decimals with a point and no separators: `{point}` or `{none}`."
    if _COMMA.fullmatch(text):
        return f"Write decimals with a point: `{text.replace(',', '.')}`."
    arc = _ARC.fullmatch(text)
    if arc is not None:
        degrees = int(arc[1]) + int(arc[2]) / 60.0 + float(arc[3] or 0.0) / 3600.0
        return f"Write degrees with decimals: `{degrees:.4f}`."
    found = _WITH_UNIT.fullmatch(text)
    if found is not None:
        return f"Write the number alone, in the key's unit: `{found[1]}`."
    return None


def as_share(kind: str, message: str, value: object) -> str | None:
    """Return how a percentage is written as a share; None for any other fault.

    Parameters
    ----------
    kind, message : str
        What pydantic calls the fault, and says of it.
    value : object
        The value at fault.
    """
    whole = isinstance(value, int | float) and 1.0 < value <= 100.0
    if kind == "less_than_equal" and message.endswith(" equal to 1") and whole:
        return f"Write {value:g} % as {float(str(value)) / 100.0:g}."
    return None
