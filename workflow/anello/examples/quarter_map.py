"""``python -m anello.examples.quarter_map``: a made-up quarter of 60 buildings, from a plan.

Streets and houses stand for no real place; their coordinates lie among fields in the Po valley.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from anello.base.files import write_json
from anello.district.from_map.features import Projection
from anello.errors import InputError, Problem

FOLDER = Path(__file__).parent / "quarter"
BUILDINGS_FILE, STREETS_FILE = "buildings.geojson", "streets.geojson"
PLANT_DEG = (45.3200, 9.4700)
"""Latitude and longitude of the quarter's plant [deg]."""

_XS, _YS = (0.0, 110.0, 230.0, 340.0, 450.0), (0.0, 90.0, 190.0, 280.0)
_SETBACK_M = 8.0
# Twelve blocks between the streets, five buildings each; the first is the block's landmark.
_BLOCKS = (
    ("school", 3, 1968), ("apartments", 5, 1972), ("supermarket", 1, 2008), ("office", 4, 2018),
    ("apartments", 6, 2012), ("hotel", 5, 1995), ("apartments", 4, 1961), ("retail", 2, 1990),
    ("house", 2, 1983), ("apartments", 4, 2019), ("office", 5, 2010), ("gym", 1, 2003),
)  # fmt: skip


def copy_quarter(target: Path) -> None:
    """Copy the quarter's two files into a folder.

    Raises
    ------
    InputError
        If one of them is there already.
    """
    for name in (BUILDINGS_FILE, STREETS_FILE):
        if (target / name).exists():
            raise InputError(
                Problem(
                    "exists already", file=str(target / name), suggestion="Choose another folder"
                )
            )
    target.mkdir(parents=True, exist_ok=True)
    for name in (BUILDINGS_FILE, STREETS_FILE):
        shutil.copyfile(FOLDER / name, target / name)


def _degrees(geometry: Any) -> Any:
    from shapely.geometry import mapping

    shape = mapping(Projection(*PLANT_DEG).to_degrees(geometry))

    def rounded(value: Any) -> Any:
        return [rounded(v) for v in value] if isinstance(value, (list, tuple)) else round(value, 7)

    return {"type": shape["type"], "coordinates": rounded(shape["coordinates"])}


def _collection(features: list[tuple[Any, dict[str, Any]]]) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": number, "properties": tags, "geometry": _degrees(shape)}
            for number, (shape, tags) in enumerate(features, 1)
        ],
    }


def buildings() -> dict[str, Any]:
    """Return the quarter's 60 footprints with use, floors and year."""
    from shapely.geometry import box

    features: list[tuple[Any, dict[str, Any]]] = []
    for number, (use, floors, year) in enumerate(_BLOCKS):
        column, row = number % 4, number // 4
        west, east = _XS[column] + _SETBACK_M, _XS[column + 1] - _SETBACK_M
        south, north = _YS[row] + _SETBACK_M, _YS[row + 1] - _SETBACK_M
        features.append(
            (
                box(west, south, west + 32.0, south + 24.0),
                {"use": use, "floors": floors, "year": year},
            )
        )
        for k in range(4):
            detached = (number + k) % 3 == 0
            wide, deep = (11.0, 10.0) if detached else (16.0, 12.0)
            x = east - wide - 20.0 * (k % 2)
            y = south if k < 2 else north - deep
            homes = {
                "use": "house" if detached else "apartments",
                "floors": 2 if detached else 3 + (number + k) % 3,
                "year": 1955 + (11 * number + 17 * k) % 66,
            }
            features.append((box(x, y, x + wide, y + deep), homes))
    return _collection(features)


def streets() -> dict[str, Any]:
    """Return the quarter's streets: a grid, and the road to the plant."""
    from shapely.geometry import LineString

    lines: list[tuple[Any, dict[str, Any]]] = [
        (LineString([(_XS[0], y), (_XS[-1], y)]), {"name": f"Street {k}"})
        for k, y in enumerate(_YS, 1)
    ]
    lines += [
        (LineString([(x, _YS[0]), (x, _YS[-1])]), {"name": f"Lane {k}"})
        for k, x in enumerate(_XS, 1)
    ]
    lines.append((LineString([(-60.0, -40.0), (0.0, 0.0)]), {"name": "Waterworks Road"}))
    return _collection(lines)


def main() -> None:
    """Write the two files anew."""
    write_json(FOLDER / BUILDINGS_FILE, buildings())
    write_json(FOLDER / STREETS_FILE, streets())


if __name__ == "__main__":
    main()
