"""Buildings from footprints: use, floors, floor area, envelope."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from anello.district.config import Insulation
from anello.district.from_map.catalogue import Use, use_table
from anello.district.from_map.features import Feature, Projection, read_features
from anello.errors import InputError, Problem, did_you_mean

FLOORS = ("floors", "building:levels", "levels", "building:floors")
YEARS = ("year", "start_date", "building:start_date", "year_of_construction", "construction_date")
CLASSES = ("insulation", "class")
TOUCHING_M = 0.2
"""Walls nearer than this are shared [m]."""
MOST_FLOORS = 200.0
HOMES = ("single_family_house", "apartment_house")
"""Uses of a description that may have another on the ground floor."""

_NUMBER = re.compile(r"(\d+(?:[.,]\d+)?)\s*m?$")
_YEAR = re.compile(r"(?<!\d)(1[0-9]{3}|20[0-9]{2})(?!\d)")
_CENTURY = re.compile(r"(?:(?:early|mid|late) )?C(\d{1,2})$", re.IGNORECASE)


@dataclass(frozen=True)
class Building:
    """A heated building.

    Attributes
    ----------
    label : str
        Where it stands in its file.
    footprint : shapely geometry
        Its outline [m].
    area_by_use_m2 : dict of str to float
        Heated floor area by use in the table of uses [m²].
    insulation : str
        Class of envelope and windows.
    envelope_m2 : float
        Outer walls that no neighbour touches, roof and ground floor [m²].
    assumed : tuple of str
        What the map does not say.
    """

    label: str
    footprint: BaseGeometry
    area_by_use_m2: dict[str, float]
    insulation: Insulation
    envelope_m2: float
    assumed: tuple[str, ...]

    @property
    def floor_area_m2(self) -> float:
        """Heated floor area of all uses [m²]."""
        return sum(self.area_by_use_m2.values())


def read_buildings(path: Path, projection: Projection) -> tuple[list[Building], list[str]]:
    """Read the buildings of a map that are heated or cooled.

    Parameters
    ----------
    path : pathlib.Path
        GeoJSON file of footprints.
    projection : Projection
        Projection to metres.

    Returns
    -------
    buildings : list of Building
        In the order of the file.
    notes : list of str
        What was left out or assumed.

    Raises
    ------
    InputError
        With every footprint that cannot be used, its key and what mends it.
    """
    features = read_features(path)
    tagged = any("building" in feature.tags for feature in features)
    problems: list[Problem] = []
    found: list[tuple[Feature, BaseGeometry]] = []
    others = 0
    for feature in features:
        if not _is_building(feature, tagged):
            others += 1
            continue
        if _sound(feature, problems):
            found.append((feature, projection.to_metres(feature.shape)))
    _check_overlaps(found, problems)
    walls_m = _free_walls_m([shape for _, shape in found])
    buildings: list[Building] = []
    unheated = 0
    for (feature, outline), wall_m in zip(found, walls_m, strict=True):
        building = _building(feature, outline, wall_m, problems)
        if building is None:
            unheated += 1
        else:
            buildings.append(building)
    if problems:
        raise InputError(problems)
    if not buildings:
        raise InputError(
            Problem(
                "no footprint is a heated building",
                file=str(path),
                suggestion="Give polygons a `building` (OpenStreetMap) or a `use`",
            )
        )
    return buildings, _notes(path, buildings, others, unheated)


def _notes(path: Path, buildings: list[Building], others: int, unheated: int) -> list[str]:
    notes = []
    if others:
        notes.append(f"{path.name}: {others} features are no buildings and are left out")
    if unheated:
        notes.append(f"{path.name}: {unheated} buildings are not heated and are left out")
    counted = Counter(what for building in buildings for what in building.assumed)
    notes += [
        f"{path.name}: {count} of {len(buildings)}: {what}" for what, count in counted.items()
    ]
    table = use_table().uses
    stand_ins = {
        f"{use.stands_in_for} as {use.described_as}"
        for building in buildings
        for name in building.area_by_use_m2
        if (use := table[name]).stands_in_for is not None
    }
    if stand_ins:
        notes.append(
            f"{path.name}: a description does not know every use; demands are drawn for"
            f" {', '.join(sorted(stand_ins))}"
        )
    return notes


def _is_building(feature: Feature, tagged: bool) -> bool:
    """Whether a feature is meant as a building; in a file without the key, every polygon is."""
    tags = feature.tags
    if feature.shape.geom_type in ("Point", "MultiPoint"):
        return False
    if "use" in tags or tags.get("building", "no") != "no":
        return True
    return not tagged and "Polygon" in feature.shape.geom_type and "highway" not in tags


def _sound(feature: Feature, problems: list[Problem]) -> bool:
    """Whether an outline is a polygon that does not cross itself; says why if not."""
    if feature.shape.geom_type not in ("Polygon", "MultiPolygon"):
        problems.append(
            feature.problem(
                "a building is a Polygon",
                "geometry",
                feature.shape.geom_type,
                "Close its outline and save it as a polygon",
            )
        )
        return False
    if not feature.shape.is_valid:
        why = shapely.is_valid_reason(feature.shape).replace("[", " at longitude, latitude [")
        problems.append(
            feature.problem(
                f"the footprint is not a sound polygon: {why}",
                "geometry",
                suggestion="Draw its corners in order, or mend it with QGIS' `Fix geometries`",
            )
        )
        return False
    return True


def _check_overlaps(found: list[tuple[Feature, BaseGeometry]], problems: list[Problem]) -> None:
    """Refuse floor area that would be counted twice."""
    shapes = np.array([shape for _, shape in found])
    if not shapes.size:
        return
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if a >= b:
            continue
        common = shapely.intersection(shapes[a], shapes[b]).area
        if common > 0.5 * min(shapes[a].area, shapes[b].area):
            problems.append(
                found[b][0].problem(
                    f"lies on {found[a][0].label} and would be counted twice",
                    "geometry",
                    suggestion="Delete one of them",
                )
            )


def _free_walls_m(shapes: list[BaseGeometry]) -> list[float]:
    """Return the length of each outline that no neighbour touches [m]."""
    if not shapes:
        return []
    array = np.array(shapes)
    tree = shapely.STRtree(array)
    free = []
    for index, outline in enumerate(array):
        near = tree.query(outline, predicate="dwithin", distance=TOUCHING_M)
        others = array[near[near != index]]
        wall = outline.boundary
        if others.size:
            wall = shapely.difference(wall, shapely.buffer(shapely.union_all(others), TOUCHING_M))
        free.append(float(wall.length))
    return free


def _building(
    feature: Feature, outline: BaseGeometry, wall_m: float, problems: list[Problem]
) -> Building | None:
    """Return a building, or None if it is not heated or something is wrong with it."""
    assumed: list[str] = []
    uses = _uses(feature, outline.area, assumed, problems)
    if not uses:
        return None
    main = uses[0]
    floors = _floors(feature, main, assumed, problems)
    insulation = _insulation(feature, assumed, problems)
    settings = use_table().settings
    told_m2 = _number(feature, "floor_area_m2", problems)
    if floors is None or insulation is None:
        return None
    heated_m2 = told_m2 or outline.area * floors * settings["heated_share"]
    shares = _shares(feature, uses, floors)
    areas: dict[str, float] = {}
    for use, share in zip(uses, shares, strict=True):
        if use.described_as is not None:
            areas[use.name] = areas.get(use.name, 0.0) + share * heated_m2
    if not areas:
        return None
    envelope = wall_m * floors * settings["storey_m"] + 2.0 * outline.area
    return Building(feature.label, outline, areas, insulation, envelope, tuple(assumed))


def _shares(feature: Feature, uses: list[Use], floors: float) -> list[float]:
    """Return the share of each use: equal if the map lists them, else the ground floor's."""
    if len(uses) == 1:
        return [1.0]
    if "building:use" in feature.tags or "use" in feature.tags:
        return [1.0 / len(uses)] * len(uses)
    ground = 1.0 / max(floors, 2.0)
    return [1.0 - ground, ground]


def _uses(
    feature: Feature, area_m2: float, assumed: list[str], problems: list[Problem]
) -> list[Use]:
    """Return a building's uses: those told, else its kind and what is on its ground floor."""
    table = use_table()
    tags = feature.tags
    for key in ("use", "building:use"):
        if key in tags:
            return _told_uses(feature, key, problems)
    inside = [
        use
        for key in ("shop", "amenity", "office", "tourism", "healthcare", "leisure", "telecom")
        if key in tags and (use := table.find(key, tags[key])) is not None
    ]
    kind = tags.get("building")
    if kind is None:
        if inside:
            return inside[:1]
        problems.append(
            feature.problem(
                "the use is not said", "use", suggestion=f"One of {', '.join(table.uses)}"
            )
        )
        return []
    if kind == "yes":
        if inside:
            return inside[:1]
        if area_m2 < table.settings["smallest_m2"]:
            return []
        unsaid = table.uses[table.settings["unsaid"]]
        assumed.append(f"the use is not said (building=yes); taken for {unsaid.name}")
        return [unsaid]
    use = table.find("building", kind)
    if use is None:
        problems.append(_unknown(feature, "building", kind))
        return []
    if inside and inside[0] != use and use.described_as in HOMES:
        return [use, inside[0]]
    return [use]


def _told_uses(feature: Feature, key: str, problems: list[Problem]) -> list[Use]:
    table = use_table()
    uses = []
    for word in re.split(r"\s*[;,]\s*", feature.tags[key]):
        use = table.uses.get(word) or table.find("building", word) or table.find("amenity", word)
        if use is None:
            problems.append(_unknown(feature, key, word))
            return []
        uses.append(use)
    return uses


def _unknown(feature: Feature, key: str, value: str) -> Problem:
    table = use_table()
    known = [*table.uses, *table.by_tag["building"]]
    hint = did_you_mean(value, dict.fromkeys(known))
    return feature.problem(
        "this use of a building is not known",
        key,
        value,
        hint or f"Say what it is nearest to, as `use`: {', '.join(table.uses)}",
    )


def _first(feature: Feature, keys: tuple[str, ...]) -> tuple[str, str] | None:
    return next(((key, feature.tags[key]) for key in keys if key in feature.tags), None)


def _number(feature: Feature, key: str, problems: list[Problem]) -> float | None:
    text = feature.tags.get(key)
    if text is None:
        return None
    match = _NUMBER.match(text)
    value = float(match[1].replace(",", ".")) if match else math.nan
    if value > 0:
        return value
    problems.append(feature.problem("must be a number above 0", key, text, "Correct or delete it"))
    return None


def _floors(
    feature: Feature, use: Use, assumed: list[str], problems: list[Problem]
) -> float | None:
    told = _first(feature, FLOORS)
    if told is not None:
        floors = _number(feature, told[0], problems)
        if floors is not None and floors > MOST_FLOORS:
            problems.append(
                feature.problem(f"is more than {MOST_FLOORS:.0f} floors", *told, "Correct it")
            )
            return None
        return floors
    if "height" in feature.tags:
        height = _number(feature, "height", problems)
        assumed.append("floors from the height")
        return (
            None if height is None else max(1.0, round(height / use_table().settings["storey_m"]))
        )
    assumed.append(f"floors are not said; {use.floors:g} for {use.name}")
    return use.floors


def _insulation(feature: Feature, assumed: list[str], problems: list[Problem]) -> Insulation | None:
    known: tuple[Insulation, ...] = get_args(Insulation)
    told = _first(feature, CLASSES)
    if told is not None:
        for name in known:
            if told[1] == name:
                return name
        hint = did_you_mean(told[1], known) or f"One of {', '.join(known)}"
        problems.append(feature.problem("no such class of insulation", *told, hint))
        return None
    dated = _first(feature, YEARS)
    if dated is None:
        name = use_table().settings["insulation_unsaid"]
        assumed.append(f"neither year nor insulation is said; {name}")
        return _class(name)
    year = _year(dated[1])
    if year is None:
        problems.append(
            feature.problem("this is no year", *dated, "Write four digits, such as 1975")
        )
        return None
    begins: dict[str, int] = use_table().settings["insulation_from_year"]
    return _class(max((one for one in begins if begins[one] <= year), key=lambda one: begins[one]))


def _class(name: str) -> Insulation:
    known: tuple[Insulation, ...] = get_args(Insulation)
    return known[known.index(name)]


def _year(text: str) -> int | None:
    """Return the year of a date as OpenStreetMap writes it, such as ~1920, C19 or 1974-05."""
    century = _CENTURY.match(text)
    if century:
        return 100 * int(century[1]) - 50
    years = [int(one) for one in _YEAR.findall(text.replace("0s", "0"))]
    return years[-1] if years else None


def access_shape(building: Building) -> Polygon:
    """Return the outline's largest part, which is the one that is connected [m]."""
    parts = shapely.get_parts(building.footprint)
    largest: Polygon = max(parts, key=lambda part: part.area)
    return largest
