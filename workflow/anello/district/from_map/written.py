"""What a network on a map is written as: description, settings of its pipes, GeoJSON."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml
from shapely.geometry import Point, mapping
from shapely.geometry.base import BaseGeometry

from anello.base.files import write_json, write_text
from anello.district.alternatives import WAYS
from anello.district.config import load_district, parse_district
from anello.district.from_map.laying import PLANT, MapOptions, Segment
from anello.district.from_map.network import MapNetwork
from anello.district.pipes import PIPES_FILE
from anello.district.project import run_name
from anello.district.sizing import line_temperatures_degc
from anello.ring.loop_config import LoopConfig
from anello.ring.two_pipe_config import BranchConfig, TwoPipeConfig

DESCRIPTION_FILE = "district.yaml"
NETWORK_FILE = "network.geojson"
_DECIMALS = 7


def write_map(network: MapNetwork, folder: Path) -> list[Path]:
    """Write a network's files.

    Parameters
    ----------
    network : MapNetwork
        From `district_from_map`.
    folder : pathlib.Path
        Where to; made if need be.

    Returns
    -------
    list of pathlib.Path
        The description, the network as GeoJSON, and the settings of its pipes.

    Raises
    ------
    ConfigError
        If the description would not be accepted.
    """
    description = folder / DESCRIPTION_FILE
    write_text(description, _head(network) + _yaml(network.description))
    load_district(description)
    geojson = folder / NETWORK_FILE
    write_json(geojson, {"type": "FeatureCollection", "features": network_features(network)})
    pipes = folder / PIPES_FILE
    settings = loop_settings if network.options.layout == "loop" else tree_settings
    write_text(pipes, _PIPES_HEAD.format(network.options.layout) + _yaml(settings(network)))
    return [description, geojson, pipes]


_PIPES_HEAD = """\
# The {}'s pipes. `anello district new` takes them into the settings of the district's run.
"""


def _yaml(content: dict[str, Any]) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def _head(network: MapNetwork) -> str:
    options = network.options
    lines = [
        "A district from a map, written by `anello district from-map`.",
        f"{len(network.substations)} substations, {network.pipe_m:.0f} m of {options.pipe} pipe in "
        f"a {options.layout}, {options.spread_k:g} K in the worst hour. {_sized(options)}",
        "Holidays, tariffs, weather and wells are those of --description, or defaults.",
        *network.notes,
    ]
    return "".join(f"# {' '.join(line.split())}\n" for line in lines)


def _sized(options: MapOptions) -> str:
    """Say how wide pipes are."""
    if options.gradient_pa_per_m is not None:
        return f"Pipes lose {options.gradient_pa_per_m:g} Pa/m at most."
    return "Pipes are as wide as costs least over their life, with what is pumped through them."


def loop_settings(network: MapNetwork) -> dict[str, Any]:
    """Return settings that turn the mixed ring of a district's run into the loop of pipes.

    The flow is rounded up to a tenth of a kilogram per second.
    """
    substations: list[dict[str, Any]] = []
    for segment in network.segments:
        station: dict[str, Any] = {"name": segment.start}
        if segment.start != PLANT:
            station["heat_pumps"] = [segment.start]
        substations.append(station)
    substations[0]["plant"] = True
    loop = {
        "substations": substations,
        "segments": [segment.size.settings(segment.length_m) for segment in network.segments],
        "flow": {"kind": "fixed", "kg_s": math.ceil(network.segments[0].flow_kg_s * 10.0) / 10.0},
        "ground": network.ground,
    }
    LoopConfig.model_validate(loop)
    return _run_settings(network, "pipes", {"model": "loop", "loop": loop})


def tree_settings(network: MapNetwork) -> dict[str, Any]:
    """Return settings that turn the mixed ring of a district's run into two pipes in a tree.

    Nobody schedules their plant, which answers to what the heat pumps do.
    """
    district = parse_district(network.description, DESCRIPTION_FILE)
    tree = {
        "plant_at": PLANT,
        "difference_k": network.options.spread_k,
        "warm_degc": line_temperatures_degc(district.loop, network.options.spread_k)[0],
        "substations": [
            {"name": one.name, "heat_pumps": [one.name]} for one in network.substations
        ],
        "branches": [_branch(segment) for segment in network.segments],
        "ground": network.ground,
    }
    TwoPipeConfig.model_validate(tree)
    return {
        **_run_settings(network, "tree", {"model": "two_pipe", "two_pipe": tree}),
        "coupling": {"slp": {"balancing": "deadband"}},
    }


def _branch(segment: Segment) -> dict[str, Any]:
    """Return a trench as a tree's settings describe it, its depth and the pipes' distance said."""
    told = {
        "start": segment.start,
        "end": segment.end,
        **segment.size.settings(segment.length_m),
    }
    pair = BranchConfig.model_validate(told)
    return {**told, "burial_depth_m": pair.burial_depth_m, "spacing_m": round(pair.axes_m, 4)}


def _run_settings(network: MapNetwork, ending: str, ring: dict[str, Any]) -> dict[str, Any]:
    run = run_name(str(network.description["name"]))
    return {"run": f"{run}-{ending}", "scenarios": ["baseline", *WAYS], "ring": ring}


def network_features(network: MapNetwork) -> list[dict[str, Any]]:
    """Return plant, substations, pipes and buildings as GeoJSON features, in degrees."""
    features = [_feature(network, Point(network.plant), {"kind": "plant", "name": PLANT})]
    for one in network.substations:
        area = sum(building.floor_area_m2 for building in one.buildings)
        features.append(
            _feature(
                network,
                Point(one.node),
                {
                    "kind": "substation",
                    "name": one.name,
                    "buildings": len(one.buildings),
                    "floor_area_m2": round(area, 1),
                    "peak_kw": round(network.peak_kw[one.name], 1),
                },
            )
        )
    features += [_pipe_feature(network, segment) for segment in network.segments]
    for one in network.substations:
        for building in one.buildings:
            said = {
                "kind": "building",
                "source": building.label,
                "substation": one.name,
                "insulation": building.insulation,
                "assumed": "; ".join(building.assumed),
                **{f"{use}_m2": round(m2, 1) for use, m2 in building.area_by_use_m2.items()},
            }
            features.append(_feature(network, building.footprint, said))
    return features


def _pipe_feature(network: MapNetwork, segment: Segment) -> dict[str, Any]:
    size = segment.size
    said = {
        "kind": "pipe",
        "from": segment.start,
        "to": segment.end,
        "pipes": network.options.pipes_per_trench,
        "length_m": segment.length_m,
        "dn": size.dn,
        "inner_diameter_m": round(size.inner_m, 4),
        "flow_kg_s": round(segment.flow_kg_s, 2),
        "gradient_pa_per_m": round(size.gradient_pa_per_m(segment.flow_kg_s), 1),
    }
    return _feature(network, segment.line, said)


def _feature(
    network: MapNetwork, geometry: BaseGeometry, properties: dict[str, Any]
) -> dict[str, Any]:
    shape = mapping(network.projection.to_degrees(geometry))
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": shape["type"], "coordinates": _rounded(shape["coordinates"])},
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    return round(float(value), _DECIMALS)
