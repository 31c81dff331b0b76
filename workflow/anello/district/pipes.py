"""A map's pipes in the settings of a run: laid over them, and held against the district."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anello.district.config import merge
from anello.district.free_cooling import as_given
from anello.errors import InputError, Problem

PIPES_FILE = "pipes.yaml"
_OF_LOOP = "ring.loop.substations"
_BRANCHES_OF_LOOP = "ring.loop.branches"
_DESIGNED = "Sizes of heat pumps, tanks and photovoltaics are found; the plant's are as described."


def with_pipes(
    settings: dict[str, Any],
    pipes: Mapping[str, Any],
    file: Path,
    services: Mapping[str, bool],
    designed: str,
) -> dict[str, Any]:
    """Return a run's settings with pipes laid over them; two pipes leave no plant's size open.

    Parameters
    ----------
    settings : dict
        The settings of a well-mixed ring.
    pipes : mapping
        Content of the file of pipes.
    file : pathlib.Path
        That file, for messages.
    services : mapping of str to bool
        Whether there is a heat pump, for each of the district's locations.
    designed : str
        Name of the scenario that looks for sizes.

    Raises
    ------
    InputError
        If a substation's location is none of the district's, or has no heat pump, or a location's
        heat pumps have no substation.
    """
    merged = merge(settings, dict(pipes))
    ring = merged["ring"]
    model = ring.get("model", "mixed")
    _check(ring.get(model), f"ring.{model}.substations", file, services)
    if model == "two_pipe":
        # No programme schedules their plant, so that none can choose its sizes.
        found = merged["scenario_definitions"][designed]
        kept = {key: value for key, value in found.get("ring", {}).items() if key != "plant"}
        kept["heat_pumps"] = as_given(kept.get("heat_pumps", {}))
        kept = {key: value for key, value in kept.items() if value}
        merged["scenario_definitions"][designed] = {
            **{key: value for key, value in found.items() if key != "ring"},
            "description": _DESIGNED,
            **({"ring": kept} if kept else {}),
        }
    return merged


def _check(network: Any, key: str, file: Path, services: Mapping[str, bool]) -> None:
    """Refuse substations without heat pumps, and heat pumps without a substation."""
    if not isinstance(network, dict) or not isinstance(network.get("substations"), list):
        return  # the run's settings say what is wrong with their form
    problems = []
    laid: set[str] = set()
    branches = network.get("branches") if key == _OF_LOOP else None
    places = [(key, one) for one in network["substations"]]
    if isinstance(branches, list):
        places += [(_BRANCHES_OF_LOOP, one) for one in branches]
    if not all(
        isinstance(one, dict) and isinstance(one.get("heat_pumps") or [], list) for _, one in places
    ):
        return  # as above
    for where, station in places:
        for told in station.get("heat_pumps") or []:
            place = str(told).partition("::")[0]
            laid.add(place)
            if services.get(place):
                continue
            problems.append(
                Problem(
                    "the location has no heat pump: its buildings ask for neither heat, cold nor "
                    "hot water"
                    if place in services
                    else "the district has no such location",
                    file=str(file),
                    key=f"{where}.{station.get('name', station.get('end'))}",
                    value=told,
                    suggestion="Make map and pipes anew with `anello district from-map`, or mend "
                    "the location in the description",
                )
            )
    problems += [
        Problem(
            "no substation connects the location's heat pumps",
            file=str(file),
            key=key,
            value=place,
            suggestion="Add the location to the `heat_pumps` of a substation, or of a branch",
        )
        for place, has in services.items()
        if has and place not in laid
    ]
    if problems:
        raise InputError(problems)
