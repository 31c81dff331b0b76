"""Whatever a model holds, reading ends in model data or in an error that names the problems."""

from __future__ import annotations

import copy
import random
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anello.definition import read_model
from anello.errors import InputError
from anello.model_data import ModelData
from small_model import write_folder

RICH = """
model:
  name: x
  timeseries_data_path: series
  subset_time: ['2020-01-01', '2020-01-01']
  reserve_margin: {el: 0.1}
  group_share: {'grid,pv': {energy_cap_max: 0.5, carrier_prod_min: {el: 0.1}}}
  file_allowed: [resource, om_prod, energy_eff]
run:
  ensure_feasibility: true
  bigM: 1000
  solver_options: {a: 1}
  objective_options: {cost_class: {monetary: 1}, sense: minimize}
tech_groups: {g: {essentials: {parent: supply, carrier: el}, constraints: {lifetime: 3}}}
techs:
  dem: {essentials: {parent: demand, carrier: el}, constraints: {resource_unit: energy}}
  grid:
    essentials: {parent: g, name: G, color: '#111'}
    constraints: {energy_cap_max: 300, energy_cap_max_systemwide: 1000, export_carrier: el}
    costs: {monetary: {om_prod: 0.1, energy_cap: 3, interest_rate: 0.1}, co2: {om_prod: 2}}
  pv:
    essentials: {parent: supply_plus, carrier: el}
    constraints: {resource: 'file=demand.csv:a', resource_scale: -1, storage_cap_max: 4}
  line:
    essentials: {parent: transmission, carrier: el}
    constraints: {energy_eff_per_distance: 0.99, lifetime: 3, one_way: true}
    costs: {monetary: {energy_cap_per_distance: 0.1, interest_rate: 0}}
  tank:
    essentials: {parent: storage, carrier: heat}
    constraints: {units_max: 3, energy_cap_per_unit: 3, storage_cap_per_unit: 3}
  chp:
    essentials:
      {parent: conversion_plus, carrier_in: [gas, el], primary_carrier_in: gas, carrier_out: el,
       carrier_out_2: heat, primary_carrier_out: el}
    constraints: {carrier_ratios: {carrier_out_2: {heat: 0.8}}, energy_eff: 0.4}
  gas: {essentials: {parent: supply, carrier: gas}}
locations:
  a:
    coordinates: {lat: 1, lon: 2}
    available_area: 30
    techs: {dem: {constraints: {resource: 'file=demand.csv'}}, grid: , pv: , tank: , chp: , gas: }
  'b,c':
    coordinates: {lat: 3, lon: 4}
    techs: {grid: {costs: {monetary: {om_prod: 'file=demand.csv:a'}}}}
links: {'a,b': {techs: {line: {distance: 3, constraints: {energy_cap_max: 4}}}}}
group_constraints:
  gg: {techs: [grid], locs: [a], carrier_prod_max: {el: 3}, cost_max: {monetary: 3}}
overrides: {o: {techs: {grid: {constraints: {lifetime: 9}}}}, p: {links: {'a, b': {exists: false}}}}
scenarios: {s: [o, p], t: 'o,p'}
"""

JUNK: list[Any] = [
    None, True, 0, -1, 3.5, float("inf"), float("nan"), "", "x", "inf", "file=demand.csv", "file=",
    "df=a:b", "a,b", "1--3", [], [1], [None], [{}], {}, {"x": 1}, {"a": {"b": None}}, "1e400",
    10**400, "resource", {"_REPLACE_": None}, "::", "é", {"monetary": None}, {"el": None},
]  # fmt: skip
KEYS = ["zz", "", "a.b", ".", "x:y", "<<", "import", "1--2", "a,,b", "exists"]


def paths(mapping: dict[Any, Any], above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = []
    for key, value in mapping.items():
        found.append((*above, key))
        if isinstance(value, dict):
            found += paths(value, (*above, key))
    return found


def broken(seed: int) -> dict[str, Any]:
    """Return the rich model with one to three places deleted, renamed or filled with junk."""
    rng = random.Random(seed)
    model = yaml.safe_load(RICH)
    names = [str(key) for path in paths(model) for key in path] + KEYS
    for _ in range(rng.choice([1, 1, 2, 3])):
        path = rng.choice(paths(model))
        here = model
        for key in path[:-1]:
            here = here[key]
        action = rng.random()
        if action < 0.5:
            here[path[-1]] = copy.deepcopy(rng.choice(JUNK))
        elif action < 0.65:
            del here[path[-1]]
        elif action < 0.8:
            here[rng.choice(names)] = here.pop(path[-1])
        else:
            here[rng.choice(names)] = copy.deepcopy(rng.choice(JUNK))
    return model


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([None, "s", "t", "o", "p"]), st.booleans())
@example(0, None, True)
def test_reading_ends_in_data_or_in_named_problems(seed: int, scenario: str | None, strict: bool):
    model = broken(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = write_folder(Path(folder), yaml.safe_dump(model))
        told: list[str] = []
        data = None
        try:
            data = read_model(path, scenario=scenario, strict=strict)
        except InputError as error:
            told = [p.message for p in error.problems]
    assert isinstance(data, ModelData) or (told and all(told))


def test_the_rich_model_itself_is_read():
    with tempfile.TemporaryDirectory() as folder:
        data = read_model(write_folder(Path(folder), RICH), scenario="s")
    assert data.inputs.sizes["node"] == 8
