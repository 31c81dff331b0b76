"""A district's network from a map: substations, routes, flows, pipes, description."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from shapely.geometry import Point

from anello.district.config import DistrictConfig, Insulation, merge, parse_district
from anello.district.from_map.buildings import Building, read_buildings
from anello.district.from_map.catalogue import DENSITY_KG_PER_M3, pipes, use_table
from anello.district.from_map.cheapest import PipePrices
from anello.district.from_map.features import Projection
from anello.district.from_map.ground import ground_below
from anello.district.from_map.laying import (
    Layout,
    MapOptions,
    Segment,
    Substation,
    access_point,
    loop_segments,
    tree_segments,
)
from anello.district.from_map.routes import shortest_round
from anello.district.from_map.streets import Node, StreetGraph, Streets, read_streets
from anello.errors import InputError, Problem
from anello.model.schema.yaml_reader import read_settings
from anello.ring.fluid import ring_medium
from anello.ring.loop_config import LoopConfig
from anello.ring.two_pipe_config import TwoPipeConfig

if TYPE_CHECKING:
    from anello.district.synthesis import DistrictSeries

PLANT_FAR_M = 500.0
BUILDING_FAR_M = 150.0
"""Largest distances between a plant or building and the street that it is connected to [m]."""


@dataclass(frozen=True)
class MapNetwork:
    """What comes of a map.

    Attributes
    ----------
    projection : Projection
        From degrees to the metres of all geometries.
    streets : Streets
        The streets.
    options : MapOptions
        How the network was laid.
    plant : tuple of float
        Where the plant is connected [m].
    substations : list of Substation
        In the order of the loop, or of the branches.
    segments : list of Segment
        The pipes; a loop's last one ends at its first place.
    description : dict
        The district's description.
    peak_kw : dict of str to float
        Largest hourly heat between each substation and the network [kW].
    ground : dict
        Settings of the ground around the pipes.
    notes : list of str
        What was assumed or left out.
    """

    projection: Projection
    streets: Streets
    options: MapOptions
    plant: Node
    substations: list[Substation]
    segments: list[Segment]
    description: dict[str, Any]
    peak_kw: dict[str, float]
    ground: dict[str, str | float]
    notes: list[str]

    @property
    def pipe_m(self) -> float:
        """Length of all pipes [m]."""
        lengths = [float(segment.line.length) for segment in self.segments]
        return self.options.pipes_per_trench * sum(lengths)


def district_from_map(
    buildings: Path,
    streets: Path,
    plant_deg: tuple[float, float],
    options: MapOptions | None = None,
    base: Path | None = None,
    output: Path | None = None,
) -> MapNetwork:
    """Lay a district's network on a map.

    Parameters
    ----------
    buildings, streets : pathlib.Path
        GeoJSON files of footprints and of streets.
    plant_deg : tuple of float
        Latitude and longitude of the plant [deg].
    options : MapOptions, optional
        How the network is laid.
    base : pathlib.Path, optional
        YAML file with what the map does not say, in a description's keys: weather, tariffs, wells.
    output : pathlib.Path, optional
        Folder in which the description will lie; paths in it start there.

    Returns
    -------
    MapNetwork

    Raises
    ------
    InputError
        If a file or an option cannot be used.
    """
    options = options or MapOptions()
    _check(options)
    latitude, longitude = plant_deg
    if not (-80.0 <= latitude <= 84.0 and -180.0 <= longitude <= 180.0):
        raise InputError(
            Problem(
                "is no latitude and longitude in degrees",
                key="--plant",
                value=f"{latitude:g},{longitude:g}",
                suggestion="Latitude first, such as 45.46,9.19",
            )
        )
    projection = Projection(latitude, longitude)
    roads = read_streets(streets, projection)
    _check_plant(roads, plant_deg)
    houses, notes = read_buildings(buildings, projection)
    points = [access_point(house) for house in houses]
    _check_buildings(buildings, roads, houses, points)
    graph = StreetGraph(roads, [Point(0.0, 0.0), *points])
    plant, *nodes = graph.nodes
    groups = _groups(graph, nodes, houses, options.substations)
    order = _order(graph, plant, [node for node, _ in groups], options.layout)
    substations = [
        Substation(f"substation_{k + 1}", groups[i][0], tuple(groups[i][1]))
        for k, i in enumerate(order)
    ]
    description = _description(substations, projection, base, output)
    segments, net_kw, outdoor_degc = _laid(
        graph, plant, substations, description, options, base or buildings, output
    )
    notes += roads.notes
    network = MapNetwork(
        projection,
        roads,
        options,
        plant,
        substations,
        segments,
        description,
        {name: float(np.abs(kw).max()) for name, kw in net_kw.items()},
        ground_below(outdoor_degc),
        notes,
    )
    water_kg = sum(s.size.area_m2 * s.line.length for s in segments) * DENSITY_KG_PER_M3
    loop = description.setdefault("loop", {})
    loop.setdefault("water_mass_kg", round(max(water_kg * options.pipes_per_trench, 1.0)))
    return network


def _laid(
    graph: StreetGraph,
    plant: Node,
    substations: list[Substation],
    description: dict[str, Any],
    options: MapOptions,
    source: Path,
    output: Path | None,
) -> tuple[list[Segment], dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Return the pipes, each substation's heat into them [kW], and the outdoor air [°C].

    The plant that they need, where nothing else is said of it, goes into the description.
    """
    from anello.district.sizing import line_temperatures_degc, network_plant
    from anello.district.synthesis import mean_price_eur_per_kwh, synthesise

    config = parse_district(description, str(source), output)
    lines = None
    if options.layout == "tree":
        lines = line_temperatures_degc(config.loop, options.spread_k)
    series = synthesise(config)
    net_kw = _net_heat_kw(config, series, source, lines)
    total_kw = np.sum(list(net_kw.values()), axis=0)
    outdoor_degc = series.weather.temperature_degc
    for section, sizes in network_plant(config, total_kw, options.spread_k, outdoor_degc).items():
        description[section] = {**description.get(section, {}), **sizes}
    network = LoopConfig if lines is None else TwoPipeConfig
    prices = PipePrices.of(
        config,
        mean_price_eur_per_kwh(config, series.index),
        float(network.model_fields["pump_efficiency"].default),
        options.pipes_per_trench,
    )
    bounds = (config.loop.temperature_min_degc, config.loop.temperature_max_degc)
    kj_per_kgk = ring_medium(config.loop.fluid, lines or bounds).kj_per_kgk
    lay = loop_segments if lines is None else tree_segments
    segments = lay(graph, plant, substations, net_kw, options, prices, kj_per_kgk)
    return segments, net_kw, outdoor_degc


def _check(options: MapOptions) -> None:
    pipes(options.pipe)
    for key, value in (
        ("--substations", options.substations),
        ("--spread_k", options.spread_k),
        ("--gradient_pa_per_m", options.gradient_pa_per_m),
    ):
        if value is not None and not value > 0:
            raise InputError(Problem("must be above 0", key=key, value=value))


def _check_plant(streets: Streets, plant_deg: tuple[float, float]) -> None:
    latitude, longitude = plant_deg
    here = Point(0.0, 0.0)
    away = streets.nearest(here)[2]
    nearer = min((line.distance(here) for line in streets.left_out), default=away)
    if nearer < away <= PLANT_FAR_M:
        raise InputError(
            Problem(
                f"stands {nearer:.0f} m from a street that is not connected with the streets of "
                f"the network, {away:.0f} m away",
                key="--plant",
                value=f"{latitude:g},{longitude:g}",
                suggestion=f"Add to {streets.file} the street that connects them, or move the "
                "plant to a street of the network",
            )
        )
    if away <= PLANT_FAR_M:
        return
    hint = "Give the plant's latitude and longitude, or a map that reaches it"
    turned = Projection(latitude, longitude).to_metres(Point(latitude, longitude))
    if turned.is_valid and streets.nearest(turned)[2] <= PLANT_FAR_M:
        hint = f"Latitude comes first: --plant={longitude:g},{latitude:g}"
    raise InputError(
        Problem(
            f"is {away / 1000.0:.1f} km from the nearest street of {streets.file}",
            key="--plant",
            value=f"{latitude:g},{longitude:g}",
            suggestion=hint,
        )
    )


def _check_buildings(
    path: Path, streets: Streets, buildings: list[Building], points: list[Point]
) -> None:
    problems = [
        Problem(
            f"the building is {away:.0f} m from the nearest street",
            file=str(path),
            key=f"{building.label}.geometry",
            suggestion=f"Add its street to {streets.file} or delete the building",
        )
        for building, point in zip(buildings, points, strict=True)
        if (away := streets.nearest(point)[2]) > BUILDING_FAR_M
    ]
    if problems:
        raise InputError(problems)


def _groups(
    graph: StreetGraph, nodes: list[Node], buildings: list[Building], most: int
) -> list[tuple[Node, list[Building]]]:
    """Group buildings by the way between them along streets; each group has its middle."""
    places = list(dict.fromkeys(nodes))
    at = {place: [b for b, node in zip(buildings, nodes, strict=True) if node == place]
          for place in places}  # fmt: skip
    distance = graph.distances_m(places)
    labels = np.arange(len(places))
    if len(places) > most:
        tied = squareform(0.5 * (distance + distance.T), checks=False)
        labels = fcluster(linkage(tied, "complete"), most, "maxclust")
    area = np.array([sum(b.floor_area_m2 for b in at[place]) for place in places])
    groups = []
    for label in dict.fromkeys(labels.tolist()):
        members = np.flatnonzero(labels == label)
        away = distance[np.ix_(members, members)] @ area[members]
        middle = places[int(members[np.argmin(away)])]
        groups.append((middle, [b for i in members for b in at[places[int(i)]]]))
    return groups


def _order(graph: StreetGraph, plant: Node, nodes: list[Node], layout: Layout) -> list[int]:
    distance = graph.distances_m([plant, *nodes])
    if layout == "loop":
        return [place - 1 for place in shortest_round(distance)[1:]]
    return sorted(range(len(nodes)), key=lambda i: float(distance[0, i + 1]))


def _description(
    substations: list[Substation], projection: Projection, base: Path | None, output: Path | None
) -> dict[str, Any]:
    """Return the district's description; what `base` says comes first."""
    told = read_settings(base) if base is not None else {}
    if "locations" in told:
        raise InputError(
            Problem(
                "the locations come from the map",
                file=str(base),
                key="locations",
                suggestion="Delete them here, and add to those of the written description",
            )
        )
    weather = told.get("weather")
    if base is not None and isinstance(weather, dict) and isinstance(weather.get("file"), str):
        file = (base.parent / weather["file"]).absolute()
        told = merge(told, {"weather": {"file": os.path.relpath(file, output or Path())}})
    site = {
        "latitude_deg": round(projection.latitude_deg, 5),
        "longitude_deg": round(projection.longitude_deg, 5),
        "utc_offset_hours": float(round(projection.longitude_deg / 15.0)),
    }
    locations = {one.name: {"buildings": _grouped(one)} for one in substations}
    return {**merge({"name": "District from a map", "site": site}, told), "locations": locations}


def _grouped(substation: Substation) -> list[dict[str, Any]]:
    """Return a substation's buildings, like ones together."""
    groups: dict[tuple[str, Insulation], list[tuple[float, float]]] = {}
    for building in substation.buildings:
        merged: dict[str, float] = {}
        for use, area in building.area_by_use_m2.items():
            described = use_table().uses[use].described_as
            if described is not None:
                merged[described] = merged.get(described, 0.0) + area
        for described, area in merged.items():
            outer = building.envelope_m2 * area / building.floor_area_m2
            groups.setdefault((described, building.insulation), []).append((area, outer))
    return [
        {
            "use": use,
            "count": len(parts),
            "floor_area_m2": round(sum(area for area, _ in parts) / len(parts), 1),
            "insulation": insulation,
            "envelope_area_m2_per_m2": round(
                sum(outer for _, outer in parts) / sum(area for area, _ in parts), 3
            ),
        }
        for (use, insulation), parts in sorted(groups.items())
    ]


def _net_heat_kw(
    config: DistrictConfig,
    series: DistrictSeries,
    source: Path,
    water_degc: tuple[float, float] | None,
) -> dict[str, NDArray[np.float64]]:
    """Return the heat that each substation puts into the network, hour by hour [kW]."""
    from anello.district.model_folder import start_cop
    from anello.district.sizing import net_heat_kw

    cop = start_cop(config, water_degc)
    places = series.locations
    problems = [
        Problem(
            "its buildings ask for neither heat, cold nor hot water, so that no heat pump stands "
            "there",
            file=str(source),
            key=f"locations.{name}",
            suggestion="Delete its buildings from the map, or share a substation with others "
            "(--substations)",
        )
        for name, place in places.items()
        if not cop.keys() & place.demand_kw.keys()
    ]
    if problems:
        raise InputError(problems)
    return {name: net_heat_kw({name: place.demand_kw}, cop) for name, place in places.items()}
