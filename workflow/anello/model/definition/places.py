"""Locations, the technologies at them, and the links between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from anello.errors import did_you_mean
from anello.model.definition.distance import distance_between
from anello.model.definition.technologies import Technology
from anello.model.schema.mark import Mark
from anello.model.schema.parameters import options
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree, clash_error

MAX_LOCATIONS = 100_000
"""Most locations that lists and ranges may stand for."""

_RANGE = re.compile(r"(\d+)--(\d+)\Z")
_KEYS = options()


@dataclass(slots=True)
class Node:
    """A technology at a location, or one end of a link.

    Attributes
    ----------
    location, tech : str
        Where and what.
    remote : str
        The other end's location; empty unless it is transmission.
    settings : Tree
        Constraints and costs, the location's own settings included.
    path : str
        Where it stands in the configuration.
    mark : Mark or None
        Origin of that.
    distance : float or None
        Length of the link [m, or as written].
    """

    location: str
    tech: Technology
    settings: Tree
    path: str
    mark: Mark | None
    remote: str = ""
    distance: float | None = None

    @property
    def label(self) -> str:
        """The label ``location::technology`` (with ``:remote`` for transmission)."""
        tail = f":{self.remote}" if self.remote else ""
        return f"{self.location}::{self.tech.name}{tail}"

    @property
    def partner(self) -> str:
        """The label of a link's other end; empty unless it is transmission."""
        return f"{self.remote}::{self.tech.name}:{self.location}" if self.remote else ""


@dataclass(slots=True)
class Places:
    """All locations and nodes.

    Attributes
    ----------
    locations : dict of str to Tree
        Each location's settings.
    coordinates : dict of str to tuple of float
        ``(lat, lon)`` or ``(x, y)`` of every location; empty if none are given.
    system : tuple of str
        ``("lat", "lon")``, ``("x", "y")`` or ``()``.
    nodes : list of Node
        By location, the location's technologies before its links.
    """

    locations: dict[str, Tree] = field(default_factory=dict)
    coordinates: dict[str, tuple[float, float]] = field(default_factory=dict)
    system: tuple[str, ...] = ()
    nodes: list[Node] = field(default_factory=list)


def expand_keys(key: str) -> list[str]:
    """Return the locations a key such as ``"1--3,6,a"`` stands for.

    Raises
    ------
    ValueError
        If the key is empty, a range runs backwards, or there are too many locations.
    """
    names: list[str] = []
    for part in (p.strip() for p in key.split(",")):
        if not part:
            raise ValueError("a name between commas is empty")
        span = _RANGE.match(part.replace(" ", ""))
        if span is None:
            if "--" in part:
                raise ValueError("a range needs whole numbers, as in `1--3`")
            names.append(part)
            continue
        first, last = int(span[1]), int(span[2])
        if last < first:
            raise ValueError("the range runs backwards")
        if last - first >= MAX_LOCATIONS:
            raise ValueError(f"stands for more than {MAX_LOCATIONS:,} locations")
        names.extend(str(i) for i in range(first, last + 1))
    return names


def read_places(tree: Tree, techs: dict[str, Technology], report: Report) -> Places:
    """Work out all locations and nodes of a composed configuration.

    Parameters
    ----------
    tree : Tree
        With sections ``locations``, ``links`` and ``techs``.
    techs : dict of str to Technology
        The technologies that exist.
    report : Report
        Receives faults.
    """
    places = Places(locations=_expand_locations(tree.section("locations"), report))
    _read_coordinates(places, report)
    for location, config in list(places.locations.items()):
        places.nodes.extend(_tech_nodes(location, config, tree, techs, report))
    places.nodes.extend(_link_nodes(tree, places, techs, report))
    order = {location: i for i, location in enumerate(places.locations)}
    places.nodes.sort(key=lambda node: order[node.location])  # stable: links stay behind
    return places


def _expand_locations(section: Tree, report: Report) -> dict[str, Tree]:
    found: dict[str, Tree] = {}
    for key, config in section.items():
        path, mark = f"locations.{key}", section.mark(key)
        try:
            names = expand_keys(key)
        except ValueError as err:
            report.error(f"not a list of locations: {err}", key=path, mark=mark)
            continue
        if config is None:
            config = Tree()
        if not isinstance(config, Tree):
            report.error("a location must be a mapping", key=path, mark=mark, value=config)
            continue
        _check_keys(config, path, _KEYS["location"], "location", report)
        for name in names:
            if ":" in name:
                report.error("a location's name may hold no colon", key=path, mark=mark)
                continue
            if name not in found:
                found[name] = config.copy()
                found[name].marks.setdefault("", mark or Mark("<configuration>"))
                continue
            handler = clash_error(report, "given by two entries below `locations`")
            found[name].merge(
                config, on_conflict=handler, report=report, prefix=f"locations.{name}."
            )
    if len(found) > MAX_LOCATIONS:
        report.error(f"more than {MAX_LOCATIONS:,} locations", key="locations")
    return {name: config for name, config in found.items() if config.get("exists") is not False}


def _check_keys(config: Tree, path: str, known: list[str], what: str, report: Report) -> None:
    for key in (k for k in config if k not in known):
        report.error(
            f"unknown key of a {what}",
            key=f"{path}.{key}",
            mark=config.mark(key),
            suggestion=did_you_mean(key, known)
            or "A technology belongs below `techs`" * (what in ("location", "link"))
            or None,
        )
    for key in ("techs", "constraints", "costs", "coordinates"):
        value = config.get(key)
        if key in known and value is not None and not isinstance(value, Tree):
            report.error(
                "must be a mapping", key=f"{path}.{key}", mark=config.mark(key), value=value
            )
    exists = config.get("exists")
    if exists is not None and not isinstance(exists, bool):
        report.error(
            "must be true or false", key=f"{path}.exists", mark=config.mark("exists"), value=exists
        )


def _read_coordinates(places: Places, report: Report) -> None:
    systems = {("lat", "lon"), ("x", "y")}
    given: dict[str, tuple[str, ...]] = {}
    for name, config in places.locations.items():
        coordinates = config.get("coordinates")
        if coordinates is None or (isinstance(coordinates, Tree) and not coordinates):
            continue
        path, mark = f"locations.{name}.coordinates", config.mark("coordinates")
        keys = tuple(sorted(coordinates)) if isinstance(coordinates, Tree) else ()
        if keys not in systems:
            report.error(
                "must be {lat: ..., lon: ...} or {x: ..., y: ...}",
                key=path,
                mark=mark,
                value=coordinates.plain() if isinstance(coordinates, Tree) else coordinates,
            )
            continue
        values = [coordinates[k] for k in keys]
        if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in values):
            report.error("coordinates must be numbers", key=path, mark=mark, value=values)
            continue
        if keys == ("lat", "lon") and not (abs(values[0]) <= 90 and abs(values[1]) <= 360):
            report.error("no place on Earth", key=path, mark=mark, value=values)
            continue
        given[name] = keys
        places.coordinates[name] = (float(values[0]), float(values[1]))
    if len(set(given.values())) > 1:
        report.error("all locations must use the same system: lat/lon or x/y", key="locations")
    if given and len(given) < len(places.locations):
        without = [n for n in places.locations if n not in given]
        report.error(
            f"either all locations have coordinates or none; without are: {', '.join(without)}",
            key="locations",
        )
    places.system = next(iter(given.values()), ())


def _tech_nodes(
    location: str, config: Tree, tree: Tree, techs: dict[str, Technology], report: Report
) -> Iterator[Node]:
    defined = tree.section("techs")
    section = config.section("techs")
    for name, own in section.items():
        path = f"locations.{location}.techs.{name}"
        mark = section.mark(name) or config.mark("techs")
        if isinstance(own, Tree):
            _check_keys(own, path, _KEYS["technology"], "technology at a location", report)
        elif own is not None:
            report.error("must be a mapping or empty", key=path, mark=mark, value=own)
            continue
        if not _is_known(name, path, mark, defined, report) or name not in techs:
            continue
        tech = techs[name]
        if tech.base == "transmission":
            report.error(
                "a transmission technology belongs to a link, not to a location",
                key=path,
                mark=mark,
            )
            continue
        settings = _with_own(tech, own, path, report)
        if settings.get("exists") is not False:
            yield Node(location, tech, settings, path, mark)


def _is_known(name: str, path: str, mark: Mark | None, defined: Tree, report: Report) -> bool:
    if name in defined:
        if defined.find(f"{name}.exists") is False:
            report.warn("left out: the technology has `exists: false`", key=path, mark=mark)
        return True
    report.error(
        f"technology `{name}` is not defined below `techs`",
        key=path,
        mark=mark,
        suggestion=did_you_mean(name, defined),
    )
    return False


def _with_own(tech: Technology, own: Any, path: str, report: Report) -> Tree:
    settings = tech.settings.copy()
    if isinstance(own, Tree):
        settings.merge(own, report=report, prefix=f"{path}.")
        settings.pop("essentials", None)
        if isinstance(own.get("essentials"), Tree):
            report.harmless(
                "essentials are the same at every location",
                key=f"{path}.essentials",
                mark=own.mark("essentials"),
            )
    constraints = settings.section("constraints")
    for key in [k for k in constraints if k.endswith("_systemwide")]:
        report.harmless(
            "limits of all locations together belong to the technology, below `techs`",
            key=f"{path}.constraints.{key}",
            mark=constraints.mark(key),
        )
        del constraints[key]
    return settings


def _link_nodes(
    tree: Tree, places: Places, techs: dict[str, Technology], report: Report
) -> Iterator[Node]:
    section = tree.section("links")
    defined = tree.section("techs")
    all_names = _all_location_names(tree.section("locations"))
    seen: dict[tuple[str, str, str], str] = {}
    for key, config in section.items():
        path, mark = f"links.{key}", section.mark(key)
        ends = [e.strip() for e in key.split(",")]
        if len(ends) != 2 or not all(ends):
            report.error("a link's key must name two locations, as in `A,B`", key=path, mark=mark)
            continue
        if not isinstance(config, Tree):
            report.error("a link must be a mapping", key=path, mark=mark, value=config)
            continue
        _check_keys(config, path, _KEYS["link"], "link", report)
        if config.get("exists") is False:
            continue
        unknown = [e for e in ends if e not in all_names]
        for end in unknown:
            report.harmless(
                f"location `{end}` is not defined below `locations`"
                + ("" if report.strict else "; the link is left out"),
                key=path,
                mark=mark,
                suggestion=did_you_mean(end, all_names),
            )
        gone = [e for e in ends if e not in places.locations and e not in unknown]
        if gone:
            report.warn(
                f"link left out: `exists: false` removed {' and '.join(gone)}", key=path, mark=mark
            )
        for name, own in config.section("techs").items():
            tech_path = f"{path}.techs.{name}"
            tech_mark = config.section("techs").mark(name) or mark
            identity = (min(ends), max(ends), name)
            if identity in seen:
                report.error(
                    f"the same technology is on `links.{seen[identity]}` already; a link serves "
                    "both directions",
                    key=tech_path,
                    mark=tech_mark,
                )
                continue
            seen[identity] = key
            if isinstance(own, Tree):
                _check_keys(
                    own, tech_path, _KEYS["link_technology"], "technology on a link", report
                )
            elif own is not None:
                report.error("must be a mapping or empty", key=tech_path, mark=tech_mark, value=own)
                continue
            if not _is_known(name, tech_path, tech_mark, defined, report) or name not in techs:
                continue
            if techs[name].base != "transmission":
                report.error(
                    "only a transmission technology may be on a link", key=tech_path, mark=tech_mark
                )
                continue
            settings = _with_own(techs[name], own, tech_path, report)
            if gone or unknown or settings.get("exists") is False:
                continue
            yield from _two_ends(
                ends[0], ends[1], techs[name], settings, tech_path, tech_mark, places, report
            )


def _all_location_names(section: Tree) -> set[str]:
    names: set[str] = set()
    for key in section:
        try:
            names.update(expand_keys(key))
        except ValueError:  # told already, where the locations were expanded
            continue
    return names


def _two_ends(
    first: str,
    second: str,
    tech: Technology,
    settings: Tree,
    path: str,
    mark: Mark | None,
    places: Places,
    report: Report,
) -> Iterator[Node]:
    distance = settings.pop("distance", None)
    if distance is None and first in places.coordinates and second in places.coordinates:
        distance = distance_between(
            places.coordinates[first], places.coordinates[second], places.system
        )
    if distance is not None and (
        isinstance(distance, bool) or not isinstance(distance, (int, float)) or not distance >= 0
    ):
        report.error(
            "must be a number of at least 0", key=f"{path}.distance", mark=mark, value=distance
        )
        distance = None
    # The two ends of a link from a location to itself are one node: what it sends, it receives.
    there, back = settings, settings if first == second else settings.copy()
    if settings.find("constraints.one_way"):
        there.section("constraints")["energy_prod"] = False
        back.section("constraints")["energy_con"] = False
    length = None if distance is None else float(distance)
    yield Node(first, tech, there, path, mark, remote=second, distance=length)
    if first != second:
        yield Node(second, tech, back, path, mark, remote=first, distance=length)
