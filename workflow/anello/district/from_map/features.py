"""GeoJSON files: features with their tags, and a local projection in metres."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from pyproj import Transformer
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from anello.errors import InputError, Problem

MAX_BYTES = 500_000_000
"""Largest file that is read."""
WGS84 = re.compile(r"(CRS84|EPSG:+4326)$", re.IGNORECASE)
_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')
_DEGREES = 'Coordinates are degrees, longitude first: `ogr2ogr -t_srs EPSG:4326 new.geojson "{}"`'


@dataclass(frozen=True)
class Feature:
    """A feature of a GeoJSON file.

    Attributes
    ----------
    file : str
        The file.
    label : str
        Position in the file, and identifier if there is one.
    tags : dict of str to str
        Its properties as text.
    shape : shapely geometry
        Its geometry; longitude and latitude [deg].
    """

    file: str
    label: str
    tags: dict[str, str]
    shape: BaseGeometry

    def problem(
        self,
        message: str,
        key: str | None = None,
        value: object = None,
        suggestion: str | None = None,
    ) -> Problem:
        """Return a problem of this feature."""
        where = self.label if key is None else f"{self.label}.{key}"
        return Problem(message, file=self.file, key=where, value=value, suggestion=suggestion)


@dataclass(frozen=True)
class Projection:
    """A transverse Mercator projection about a place, true to scale within some kilometres.

    Attributes
    ----------
    latitude_deg, longitude_deg : float
        The place, which is the origin.
    """

    latitude_deg: float
    longitude_deg: float

    def __post_init__(self) -> None:
        local = (
            f"+proj=tmerc +lat_0={self.latitude_deg!r} +lon_0={self.longitude_deg!r} +k=1 "
            "+x_0=0 +y_0=0 +datum=WGS84 +units=m"
        )
        forth = Transformer.from_crs("OGC:CRS84", local, always_xy=True)
        object.__setattr__(self, "_forth", forth)

    def to_metres(self, geometry: BaseGeometry) -> BaseGeometry:
        """Return a geometry in metres east and north of the place."""
        return self._moved(geometry, "FORWARD")

    def to_degrees(self, geometry: BaseGeometry) -> BaseGeometry:
        """Return a geometry in degrees of longitude and latitude."""
        return self._moved(geometry, "INVERSE")

    def _moved(self, geometry: BaseGeometry, direction: str) -> BaseGeometry:
        transformer: Any = self._forth  # type: ignore[attr-defined]
        return shapely.transform(
            shapely.force_2d(geometry),
            lambda x, y: transformer.transform(x, y, direction=direction),
            interleaved=False,
        )


def read_features(path: Path) -> list[Feature]:
    """Read a GeoJSON file: a FeatureCollection in degrees (RFC 7946).

    Properties may be flat, nested under ``tags`` (osmtogeojson), or text under ``other_tags``
    (GDAL).

    Raises
    ------
    InputError
        If it is no such file, is not in degrees, or a geometry cannot be read.
    """
    label = str(path)
    if not path.is_file():
        raise InputError(Problem("there is no such file", file=label))
    if path.stat().st_size > MAX_BYTES:
        raise InputError(
            Problem("the file is too large", file=label, suggestion="Cut out the district")
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            Problem(f"this is not GeoJSON: {error}", file=label, suggestion=_export(path))
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("features"), list):
        raise InputError(
            Problem("this is no FeatureCollection", file=label, suggestion=_export(path))
        )
    _check_system(content, label)
    problems: list[Problem] = []
    features = list(_features(content["features"], label, problems))
    if problems:
        raise InputError(problems)
    if not features:
        raise InputError(Problem("the file has no features", file=label, suggestion=_export(path)))
    return features


def _export(path: Path) -> str:
    return f"Export {path.name} as GeoJSON, such as overpass-turbo and QGIS do"


def _check_system(content: dict[str, Any], label: str) -> None:
    system = content.get("crs")
    if system is None:
        return
    properties = system.get("properties") if isinstance(system, dict) else None
    name = str(properties.get("name")) if isinstance(properties, dict) else str(system)
    if not WGS84.search(name):
        raise InputError(
            Problem(
                "the coordinates are not longitude and latitude (CRS84)",
                file=label,
                key="crs",
                value=name,
                suggestion=_DEGREES.format(label),
            )
        )


def _features(content: list[Any], label: str, problems: list[Problem]) -> Iterator[Feature]:
    for number, item in enumerate(content):
        where = f"features[{number}]"
        if not isinstance(item, dict) or not isinstance(item.get("geometry"), (dict, type(None))):
            problems.append(Problem("is no feature with a geometry", file=label, key=where))
            continue
        properties = item.get("properties")
        tags = _tags(properties if isinstance(properties, dict) else {})
        name = item.get("id") or tags.get("@id") or tags.get("osm_id") or tags.get("id")
        feature_label = f"{where} ({name})" if name else where
        if item["geometry"] is None:
            continue
        try:
            geometry = shape(item["geometry"])
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            problems.append(
                Problem(
                    f"the geometry cannot be read: {str(error) or type(error).__name__}",
                    file=label,
                    key=f"{feature_label}.geometry",
                    suggestion="Draw it anew, or delete the feature",
                )
            )
            continue
        except shapely.errors.ShapelyError as error:
            problems.append(
                Problem(
                    f"the geometry cannot be read: {error}",
                    file=label,
                    key=f"{feature_label}.geometry",
                    suggestion="Draw it anew, or delete the feature",
                )
            )
            continue
        feature = Feature(label, feature_label, tags, geometry)
        if geometry.is_empty:
            continue
        west, south, east, north = geometry.bounds
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            problems.append(
                feature.problem(
                    "the coordinates are not longitude and latitude (CRS84)",
                    "geometry",
                    value=tuple(round(float(v), 3) for v in (west, south)),
                    suggestion=_DEGREES.format(label),
                )
            )
            return  # the others would say the same
        yield feature


def _tags(properties: dict[str, Any]) -> dict[str, str]:
    """Return properties as text, those that an export nests included."""
    flat = {key: value for key, value in properties.items() if not isinstance(value, (dict, list))}
    nested = properties.get("tags")
    if isinstance(nested, dict):
        flat |= nested
    other = properties.get("other_tags")
    if isinstance(other, str):
        flat |= {key: value for key, value in _HSTORE.findall(other) if key not in flat}
    return {str(k): str(v).strip() for k, v in flat.items() if v is not None and str(v).strip()}
