"""Shortages that are certain before anything is solved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from anello.errors import did_you_mean
from anello.model.data import ModelData
from anello.model.definition.limits import largest_output_kwh
from anello.model.schema.parameters import TIERS
from anello.model.schema.report import Report

TOLERANCE = 1e-6
"""Part of a demand by which supply may fall short without being told."""

_OUT = [i for i, t in enumerate(TIERS) if t.startswith("out")]
_IN = [i for i, t in enumerate(TIERS) if t.startswith("in")]


def required_kwh(data: ModelData) -> np.ndarray:
    """Return the demand that must be met, over location, carrier and time [kWh]."""
    inputs = data.inputs
    steps = inputs.sizes["timestep"]
    needed = np.zeros((inputs.sizes["loc"], inputs.sizes["carrier"], steps))
    resource = data.value("resource")
    scale = data.value("resource_scale")
    unit = inputs["resource_unit"].values
    forced = data.value("force_resource")
    takes = data.value("energy_con")
    places = {str(name): i for i, name in enumerate(inputs["loc"].values)}
    carriers = inputs["tier_carrier"].values[:, TIERS.index("in"), :]
    location = inputs["node_loc"].values
    for node in data.nodes("demand"):
        always = forced[node].min() == 1 and takes[node].min() == 1
        if not always or unit[node] not in ("", "energy"):
            continue
        amount = np.broadcast_to(-resource[node] * scale[node], (steps,))
        if not np.isfinite(amount).all():
            continue
        where = places[str(location[node])]
        needed[where, carriers[node]] += amount
    return needed


def check_supply(data: ModelData, report: Report) -> None:
    """Tell demands that certainly cannot be met, and carriers without a source or a use.

    With `run.ensure_feasibility` the model still solves, so the shortage is a warning; otherwise it
    is an error.
    """
    needed = required_kwh(data)
    record = report.warn if data.config["run"]["ensure_feasibility"] else report.error
    orphans = set(_without_source(data))
    inputs = data.inputs
    carriers = [str(c) for c in inputs["carrier"].values]
    index = pd.DatetimeIndex(inputs["timestep"].values)
    most = _most_kwh(data)
    for place, location in enumerate(inputs["loc"].values):
        for kind, carrier in enumerate(carriers):
            need = needed[place, kind]
            if not (need > 0).any():
                continue
            key = f"locations.{location}"
            if (int(place), kind) in orphans:
                others = [c for c in carriers if c != carrier]
                record(
                    f"nothing can supply the demand for `{carrier}`",
                    key=key,
                    suggestion=did_you_mean(carrier, others),
                )
                continue
            short = need - most[place, kind]
            steps = np.flatnonzero(short > TOLERANCE * need)
            if steps.size:
                worst = int(steps[np.argmax(short[steps])])
                record(
                    f"the demand for `{carrier}` exceeds all that can be supplied in "
                    f"{steps.size} time steps; worst at {index[worst]}: {need[worst]:.6g} kWh "
                    f"wanted, at most {most[place, kind, worst]:.6g} kWh possible",
                    key=key,
                )
    _check_uses(data, carriers, report)


def _most_kwh(data: ModelData) -> np.ndarray:
    """Return the most that could reach each location and carrier in each step [kWh]."""
    inputs = data.inputs
    output = largest_output_kwh(data)
    present = inputs["tier_carrier"].values
    first = TIERS.index("out")
    most = np.zeros((inputs.sizes["loc"], inputs.sizes["carrier"], inputs.sizes["timestep"]))
    places = {str(name): i for i, name in enumerate(inputs["loc"].values)}
    for node, location in enumerate(inputs["node_loc"].values):
        where = places[str(location)]
        for carrier in np.flatnonzero(present[node][_OUT].any(axis=0)):
            if present[node, first, carrier]:
                most[where, carrier] += output[node]
            else:  # a further tier is tied to the first by ratios, not by the capacity
                most[where, carrier] += np.inf
    return most


def _without_source(data: ModelData) -> Iterator[tuple[int, int]]:
    """Yield location and carrier where no technology in reach gives the carrier."""
    inputs = data.inputs
    names = [str(name) for name in inputs["loc"].values]
    base = inputs["node_base"].values
    location = [names.index(str(n)) for n in inputs["node_loc"].values]
    gives = np.asarray(inputs["tier_carrier"].values[:, _OUT, :].any(axis=1))
    may = data.value("energy_prod")
    may = may.max(axis=1) if may.ndim == 2 else may
    initial = data.value("storage_initial")
    remote = inputs["node_remote"].values
    partner = {str(label): i for i, label in enumerate(inputs["node"].values)}
    for carrier in range(inputs.sizes["carrier"]):
        group = list(range(len(names)))

        def root(place: int, group: list[int] = group) -> int:
            while group[place] != place:
                group[place] = group[group[place]]
                place = group[place]
            return place

        for node in data.nodes("transmission"):
            if gives[node, carrier]:
                other = location[partner[str(remote[node])]]
                group[root(location[node])] = root(other)
        fed = {
            root(location[node])
            for node in np.flatnonzero(gives[:, carrier] & (may > 0) & (base != "transmission"))
            if base[node] != "storage" or initial[node] > 0
        }
        for place in range(len(names)):
            if root(place) not in fed:
                yield place, carrier


def _check_uses(data: ModelData, carriers: list[str], report: Report) -> None:
    """Tell carriers that are only taken or only given in the whole model."""
    present = data.inputs["tier_carrier"].values
    own = np.isin(data.inputs["node_base"].values, ["storage", "transmission"])
    takes = np.asarray(present[~own][:, _IN, :].any(axis=(0, 1)))
    gives = np.asarray(present[~own][:, _OUT, :].any(axis=(0, 1)))
    exported = set(data.inputs["export_carrier"].values)
    demanded = np.asarray(present[data.nodes("demand")][:, _IN, :].any(axis=(0, 1)))
    for kind, carrier in enumerate(carriers):
        others = [c for c in carriers if c != carrier]
        if takes[kind] and not gives[kind] and not demanded[kind]:
            report.warn(
                f"carrier `{carrier}` is taken by technologies, but nothing gives it",
                suggestion=did_you_mean(carrier, others),
            )
        if gives[kind] and not takes[kind] and carrier not in exported:
            report.warn(
                f"carrier `{carrier}` is given by technologies, but nothing takes or exports it",
                suggestion=did_you_mean(carrier, others),
            )
