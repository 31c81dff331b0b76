"""A small model folder for tests of reading, and a way to read it with changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anello.errors import InputError
from anello.model.data import ModelData
from anello.model.definition import read_model

MODEL = """
model: {timeseries_data_path: series}
run: {ensure_feasibility: true, bigM: 1e5}
techs:
  demand_el: {essentials: {parent: demand, carrier: electricity}}
  grid:
    essentials: {name: Grid, parent: supply, carrier: electricity}
    costs.monetary.om_prod: 0.1
  line: {essentials: {parent: transmission, carrier: electricity}}
locations:
  a.techs:
    demand_el.constraints.resource: file=demand.csv
    grid:
  b.techs.grid:
"""

# A technology of every kind, with series, groups, overrides and scenarios.
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

HOURS = 24


def demand_csv(hours: int = HOURS) -> str:
    rows = [f"2020-01-{h // 24 + 1:02d} {h % 24:02d}:00:00,-{h + 1},-1" for h in range(hours)]
    return "\n".join([",a,b", *rows, ""])


def write_folder(folder: Path, model: str = MODEL, **files: str) -> Path:
    """Write a model folder; further files by name, with `__` for a dot or a slash in front."""
    (folder / "series").mkdir(parents=True, exist_ok=True)
    (folder / "series" / "demand.csv").write_text(demand_csv(), encoding="utf-8")
    (folder / "model.yaml").write_text(model, encoding="utf-8")
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_text(content, encoding="utf-8")
    return folder / "model.yaml"


def read(folder: Path, override: Any = None, model: str = MODEL, **options: Any) -> ModelData:
    """Write and read the small model with an override."""
    return read_model(write_folder(folder, model), override_dict=override, **options)


def problems(folder: Path, override: Any = None, model: str = MODEL, **options: Any) -> list[str]:
    """Return the problems reading the small model with an override ends in."""
    with pytest.raises(InputError) as caught:
        read(folder, override, model, **options)
    return [str(p).replace(f"{folder}/", "") for p in caught.value.problems]
