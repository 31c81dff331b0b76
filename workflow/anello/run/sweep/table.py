"""One table of all points: what was changed, and what came out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from anello.run.sweep.record import PointRecord

_UNITS = {
    "kwh": "kWh", "mwh": "MWh", "kw": "kW", "degc": "degC", "k": "K", "eur": "EUR", "m2": "m2",
    "kg": "kg",
}  # fmt: skip
_ONE = f"({'|'.join(_UNITS)})"
_UNIT = re.compile(rf"(?:[_.]{_ONE})?_(per_)?{_ONE}(?=\.|$)")


def point_table(records: Sequence[PointRecord]) -> pd.DataFrame:
    """Return a table with a row per point.

    Parameters
    ----------
    records : sequence of PointRecord
        The outcomes, in the order of the points.

    Returns
    -------
    pandas.DataFrame
        The names of the points as index. Columns `scenario`, `status` (`ok` or `failed`) and
        `error`, then the changed keys, then every number of the summaries under its dotted key; NaN
        where there is none.
    """
    about = pd.DataFrame(
        {
            "scenario": [record.scenario for record in records],
            "status": ["ok" if record.error is None else "failed" for record in records],
            "error": [record.error or "" for record in records],
        }
    )
    keys = _frame([dict(record.values) for record in records])
    numbers = _frame([dict(_numbers(record.summary or {})) for record in records])
    table = pd.concat([about, keys, numbers], axis="columns")
    table.index = pd.Index([record.point for record in records], name="point")
    return table


def point_dataset(table: pd.DataFrame) -> xr.Dataset:
    """Return the table of :func:`point_table` as a data set over ``point``, with units."""
    dataset = xr.Dataset(coords={"point": table.index.to_numpy(dtype=object)})
    for column in table:
        name = str(column)
        dataset[name.replace("/", "_")] = ("point", table[column].to_numpy())
        unit = _unit(name)
        if unit is not None and table[column].dtype.kind in "fi":
            dataset[name.replace("/", "_")].attrs["units"] = unit
    return dataset


def _unit(name: str) -> str | None:
    """Return the unit that a dotted key ends in, such as EUR/kWh; None where it names none."""
    found = _UNIT.findall(name)
    if not found:
        return None
    above, per, unit = found[-1]
    return f"{_UNITS.get(above, '1')}/{_UNITS[unit]}" if per else _UNITS[unit]


def _frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a column per key: of numbers if there is nothing else, otherwise of text."""
    columns = dict.fromkeys(key for row in rows for key in row)
    return pd.DataFrame({key: _column([row.get(key) for row in rows]) for key in columns})


def _column(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    if all(v is None or (isinstance(v, (int, float)) and not isinstance(v, bool)) for v in values):
        return np.array([np.nan if v is None else v for v in values], dtype=float)
    return np.array(["" if v is None else _text(v) for v in values], dtype=object)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _numbers(summary: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, float]]:
    for key, value in summary.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{above}{key}.")
        elif isinstance(value, (int, float)):
            yield f"{above}{key}", float(value)
