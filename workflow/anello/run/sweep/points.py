"""The points of a parameter space, their values, and readable labels for their folders."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from anello.errors import ConfigError, Problem
from anello.run.sweep.config import CsvPoints, Grid, LatinHypercube, PointList, Range, SweepConfig

if TYPE_CHECKING:
    import numpy as np

_LABEL_WIDTH = 24
_NAME_WIDTH = 120


def point_values(sweep: SweepConfig) -> list[dict[str, Any]]:
    """Return the points of a space: for each the keys that it changes, with their values.

    Parameters
    ----------
    sweep : SweepConfig
        The space.

    Raises
    ------
    ConfigError
        If the space's CSV file cannot be read as a table of points.
    """
    return [{key: _timeless(value) for key, value in point.items()} for point in _points(sweep)]


def _points(sweep: SweepConfig) -> list[dict[str, Any]]:
    if isinstance(sweep, Grid):
        combinations = itertools.product(*sweep.parameters.values())
        return [dict(zip(sweep.parameters, values, strict=True)) for values in combinations]
    if isinstance(sweep, PointList):
        return [dict(point) for point in sweep.points]
    if isinstance(sweep, CsvPoints):
        return _read_points(sweep.file)
    return _sampled(sweep)


def _timeless(value: Any) -> Any:
    """Write the dates that YAML makes of text such as 2030-07-01 as that text again."""
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_timeless(item) for item in value]
    return str(value) if isinstance(value, date) else value


def _sampled(sweep: LatinHypercube) -> list[dict[str, Any]]:
    from scipy.stats.qmc import LatinHypercube as Sampler

    sample = Sampler(d=len(sweep.parameters), seed=sweep.seed).random(sweep.samples)
    columns = [
        _spread(space, sample[:, position])
        for position, space in enumerate(sweep.parameters.values())
    ]
    return [dict(zip(sweep.parameters, row, strict=True)) for row in zip(*columns, strict=True)]


def _spread(space: Range | list[Any], shares: np.ndarray[Any, Any]) -> list[Any]:
    """Carry shares of the unit interval over to an interval, or to a list of values."""
    if isinstance(space, list):
        return [space[int(share * len(space))] for share in shares]
    low, high = space.low, space.high
    if space.whole:
        high += 1.0
    if space.scale == "log":
        values = [low * (high / low) ** share for share in shares.tolist()]
    else:
        values = [low + (high - low) * share for share in shares.tolist()]
    return [int(value) if space.whole else value for value in values]


def _read_points(file: Path) -> list[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(
            Problem(f"cannot be read: {error.strerror}", file=str(file), key="sweep.file")
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(Problem("is not UTF-8 text", file=str(file), key="sweep.file")) from None
    rows = list(csv.reader(text.splitlines(), strict=True))
    header = [key.strip() for key in rows[0]] if rows else []
    problems: list[str | Problem] = []
    if len(rows) < 2:
        hint = "Write a header of keys, and a row per point."
        problems.append(Problem("has no points", str(file), suggestion=hint))
    problems += [
        Problem("is empty or there twice in the header", str(file), 1, key or "''")
        for key in dict.fromkeys(key for key in header if not key or header.count(key) > 1)
    ]
    points = []
    for line, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != len(header):
            told = f"has {len(row)} cells, and the header {len(header)}"
            problems.append(Problem(told, str(file), line))
            continue
        cells = ((key, cell.strip()) for key, cell in zip(header, row, strict=True))
        point = {}
        for key, cell in cells:
            if not cell:
                continue
            try:
                point[key] = _cell_value(cell)
            except yaml.YAMLError:
                problems.append(Problem("is not a value", str(file), line, key, cell))
        points.append(point)
    if problems:
        raise ConfigError(problems, summary="The table of points is wrong")
    return points


def _cell_value(cell: str) -> Any:
    for number in (int, float):
        try:
            return number(cell)
        except ValueError:
            continue
    return yaml.safe_load(cell)


# --- labels ---------------------------------------------------------------------------------------


def point_labels(points: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return short names and values for the folders of points, the same columns for every point.

    Parameters
    ----------
    points : sequence of mapping
        As from :func:`point_values`.

    Returns
    -------
    list of dict
        For each point first its number, under `point`, which alone makes it unique; then the keys
        by as many of their last parts as tell them apart, with values of letters, digits, `.` and
        `-`. Keys that would make a folder's name too long are left out.
    """
    keys = list(dict.fromkeys(key for point in points for key in point))
    short = _short_names(keys)
    width = max(4, len(str(len(points))))
    columns = {"point": [f"{number:0{width}d}" for number in range(1, len(points) + 1)]}
    length = width
    for key in keys:
        values = [_label(point[key]) if key in point else "base" for point in points]
        length += len(short[key]) + max(map(len, values)) + 2
        if length > _NAME_WIDTH:
            break
        columns[short[key]] = values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return for each key as few of its last parts as no other key has.

    The names are ones that Python would accept, since Snakemake keeps them in named tuples.
    """
    split = {key: key.split(".") for key in keys}
    names: dict[str, str] = {}
    for key, parts in split.items():
        others = [other for name, other in split.items() if name != key]
        for count in range(1, len(parts) + 1):
            tail = parts[-count:]
            name = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(tail)).strip("_")
            unique = name != "point" and all(other[-count:] != tail for other in others)
            if unique and name.isidentifier() and not iskeyword(name):
                break
        taken = name in names.values() or not name.isidentifier() or iskeyword(name)
        names[key] = f"key{len(names) + 1}" if taken else name
    return names


def _label(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        text = json.dumps(value)
    elif isinstance(value, float):
        text = f"{value:.4g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    elif isinstance(value, (list, dict)):
        text = "-".join(str(leaf) for leaf in _leaves(value))
    else:
        text = str(value)
    return _plain(text)[:_LABEL_WIDTH] or "empty"


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _plain(text: str) -> str:
    if re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", text):
        return text
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")


# --- values into settings -------------------------------------------------------------------------


def set_path(content: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return settings with the value at a dotted path replaced; what they were is left as it was.

    Parameters
    ----------
    content : mapping
        The settings.
    key : str
        The path; a number is a position where the settings have a list.
    value : object
        The new value. Mappings that are missing on the way are made.

    Raises
    ------
    ConfigError
        If the path leads into a plain value, or past the end of a list.
    """
    changed = _with(content, key.split("."), value, key)
    assert isinstance(changed, dict)
    return changed


def _with(content: Any, parts: Sequence[str], value: Any, key: str) -> Any:
    if not parts:
        return value
    head, *rest = parts
    if content is None or isinstance(content, Mapping):
        inside = dict(content or {})
        inside[head] = _with(inside.get(head), rest, value, key)
        return inside
    if isinstance(content, list):
        if not head.isdecimal() or int(head) >= len(content):
            last = len(content) - 1
            raise ConfigError(
                Problem(f"`{head}` is not a position in a list that ends with {last}", key=key)
            )
        items = list(content)
        items[int(head)] = _with(items[int(head)], rest, value, key)
        return items
    raise ConfigError(Problem(f"`{head}` would lie within the plain value {content!r}", key=key))
