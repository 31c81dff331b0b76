"""A made-up district of two locations with everything that figures and reports are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from anello.optimise.results import extract
from anello.optimise.results.collected import CollectedResults
from anello.optimise.results.collection import convergence_dataset
from results_fakes import FakeBlock, FakeData, FakeSolution

TECHS = {
    # technology: (name, base, carriers in, carriers out)
    "grid": ("Electricity grid", "supply", [], ["electricity"]),
    "pv_rooftop": ("Photovoltaics", "supply_plus", [], ["electricity"]),
    "hp_dhw": ("Heat pump, hot water", "conversion_plus", ["electricity"], ["dhw"]),
    "hp_clim_hot": ("Heat pump, heating", "conversion_plus", ["electricity"], ["sh"]),
    "hp_clim_cold": ("Chiller", "conversion_plus", ["electricity"], ["air_cond"]),
    "tes_dhw": ("Hot-water store", "storage", ["dhw"], ["dhw"]),
    "tes_sh": ("Heating store", "storage", ["sh"], ["sh"]),
    "tes_co": ("Cold store", "storage", ["air_cond"], ["air_cond"]),
    "demand_dhw": ("Hot-water demand", "demand", ["dhw"], []),
    "demand_sh": ("Heating demand", "demand", ["sh"], []),
    "demand_co": ("Cooling demand", "demand", ["air_cond"], []),
    "demand_el": ("Electricity demand", "demand", ["electricity"], []),
}
SERVICE = {
    "dhw": ("hp_dhw", "tes_dhw", "demand_dhw"),
    "sh": ("hp_clim_hot", "tes_sh", "demand_sh"),
    "air_cond": ("hp_clim_cold", "tes_co", "demand_co"),
}
COP = {"dhw": 3.9, "sh": 4.6, "air_cond": 7.5}


def fake_district(
    days: int = 365, start: str = "2015-01-01", scenario: str = "smart", stores: bool = True
) -> CollectedResults:
    """Balanced flows with a year's and a day's rhythm; iterations that settle."""
    hours = days * 24
    times = np.datetime64(start, "ns") + np.arange(hours) * np.timedelta64(1, "h")
    hour = np.arange(hours) % 24
    day = (times - np.datetime64(start[:4], "ns")) / np.timedelta64(1, "D")
    rng = np.random.default_rng(7)
    season = np.cos(2 * np.pi * (day - 15) / 365)
    noise = 1 + 0.1 * rng.standard_normal(hours)
    demand = {
        ("buildings", "dhw"): 180
        * (0.4 + np.exp(-((hour - 7) ** 2) / 4) + np.exp(-((hour - 20) ** 2) / 6)),
        ("buildings", "sh"): 700
        * np.clip(season - 0.15, 0, None)
        * (1 + 0.4 * np.cos((hour - 6) / 4)),
        ("buildings", "air_cond"): 1900
        * np.clip(-season - 0.1, 0, None)
        * np.clip(np.sin((hour - 7) / 14 * np.pi), 0, None),
        ("commercial", "sh"): 200 * np.clip(season - 0.3, 0, None) * ((hour > 5) & (hour < 19)),
        ("commercial", "air_cond"): 900 * np.clip(-season, 0, None) * ((hour > 6) & (hour < 20)),
    }
    demand = {key: np.abs(values * noise) for key, values in demand.items()}
    electricity = {
        "commercial": 60 + 120 * ((hour > 7) & (hour < 19)),
        "buildings": np.zeros(hours),
    }
    sun = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * (0.55 - 0.35 * season) * np.abs(noise)
    pv = {"buildings": 1440 * sun, "commercial": 540 * sun}

    prod: dict[tuple[str, str], np.ndarray] = {}
    con: dict[tuple[str, str], np.ndarray] = {}
    storage: dict[str, np.ndarray] = {}
    cop: dict[str, np.ndarray] = {}
    heat_into_ring = np.zeros(hours)
    load = {loc: electricity[loc].astype(float) for loc in electricity}
    kernel = np.ones(9) / 9
    for (loc, carrier), need in demand.items():
        pump, store, use = SERVICE[carrier]
        made = (
            np.convolve(np.concatenate([need[-4:], need, need[:4]]), kernel, "valid")
            if stores
            else need
        )
        net = made - need
        level = np.cumsum(net)
        series = COP[carrier] * (
            1 + 0.06 * np.cos(2 * np.pi * (day - 200) / 365) + 0.03 * np.sin(hour / 4)
        )
        prod[f"{loc}::{pump}", carrier] = made
        con[f"{loc}::{pump}", "electricity"] = -made / series
        con[f"{loc}::{use}", carrier] = -need
        if stores:
            prod[f"{loc}::{store}", carrier] = np.clip(-net, 0, None)
            con[f"{loc}::{store}", carrier] = -np.clip(net, 0, None)
            storage[f"{loc}::{store}"] = level - level.min()
        cop[f"{loc}::{pump}"] = series
        load[loc] = load[loc] + made / series
        heat_into_ring += (
            made * (1 + 1 / series) if carrier == "air_cond" else -made * (1 - 1 / series)
        )
    con["commercial::demand_el", "electricity"] = -electricity["commercial"]
    for loc in load:
        used = np.minimum(pv[loc], load[loc])
        prod[f"{loc}::pv_rooftop", "electricity"] = used
        prod[f"{loc}::grid", "electricity"] = load[loc] - used

    inputs = _inputs(times, list(dict.fromkeys(node for node, _ in [*prod, *con])))
    results = extract(FakeData(inputs), _solution(inputs, prod, con, storage))
    temperature = np.empty(hours + 1)
    temperature[0] = 15.0
    balance = np.zeros(hours)
    for t in range(hours):
        free = temperature[t] + heat_into_ring[t] / 3483.0
        balance[t] = (np.clip(free, 10.5, 19.5) - free) * 3483.0
        temperature[t + 1] = free + balance[t] / 3483.0
    wobble = [2.5 * 0.35**i for i in range(6)]
    by_iteration = np.stack([temperature + w * np.sin(np.arange(hours + 1) / 90.0) for w in wobble])
    ring = _ring(times, cop, prod, by_iteration, balance)
    record = {
        "converged": True,
        "tolerance_k": 0.05,
        "trace": [
            {
                "iteration": i,
                "max_delta_t_k": w,
                "rms_delta_t_k": w / 2,
                "max_delta_cop": w / 10,
                "j_lp_eur": 470e3 * (1 - 0.1 * 0.4**i),
                "j_sim_eur": 470e3 * (1 + 0.08 * 0.4**i),
            }
            for i, w in enumerate(wobble)
        ],
    }
    quality = {
        "policy": "repair",
        "findings": [
            {
                "file": "demand_co.csv",
                "column": "commercial",
                "time": "2015-10-23 12:00:00",
                "kind": "outlier",
                "value": -164029.0,
                "action": "replaced by interpolation",
            }
        ],
    }
    return CollectedResults(
        results=results,
        inputs=inputs,
        ring=ring,
        convergence=convergence_dataset(record),
        record=record,
        quality=quality,
        config={"model": {"name": "Made-up district"}, "run": {}},
        settings={"coupling": {"method": "fixed_point"}},
        versions={"python": "3.11", "anello": "0.1.0"},
        checksums={"demand_co.csv": "0" * 64},
        attrs={
            "run": "test",
            "scenario": scenario,
            "title": f"anello results test {scenario}",
            "anello_version": "0.1.0",
        },
    )


def _inputs(times: np.ndarray, nodes: list[str]) -> xr.Dataset:
    nodes = sorted(nodes)
    techs = [t for t in TECHS if any(n.endswith(f"::{t}") for n in nodes)]
    base = [TECHS[n.split("::")[1]][1] for n in nodes]
    return xr.Dataset(
        {
            "tech_name": ("tech", [TECHS[t][0] for t in techs]),
            "tech_color": ("tech", ["" for _ in techs]),
            "tech_base": ("tech", [TECHS[t][1] for t in techs]),
        },
        coords={
            "node": nodes,
            "node_loc": ("node", [n.split("::")[0] for n in nodes]),
            "node_tech": ("node", [n.split("::")[1] for n in nodes]),
            "node_base": ("node", base),
            "node_remote": ("node", ["" for _ in nodes]),
            "timestep": times,
            "timestep_resolution": ("timestep", np.ones(len(times))),
            "timestep_weight": ("timestep", np.ones(len(times))),
            "loc": ["buildings", "commercial"],
            "tech": techs,
            "carrier": ["air_cond", "dhw", "electricity", "sh"],
            "cost": ["monetary"],
        },
    )


def _solution(inputs: xr.Dataset, prod: Any, con: Any, storage: Any) -> FakeSolution:
    hours = inputs.sizes["timestep"]

    def flows(table: Any) -> Any:
        nodes, carriers = zip(*table, strict=True)
        return {"node": nodes, "carrier": carriers}, np.stack(list(table.values()))

    nodes = tuple(str(n) for n in inputs["node"].values)
    grid = [key for key in prod if key[0].endswith("::grid")]
    cost_var = np.stack([0.3 * prod[key] for key in grid])
    cost_keys = {"cost": ("monetary",) * len(grid), "node": tuple(key[0] for key in grid)}
    balance = sorted({(key[0].split("::")[0], key[1]) for key in [*prod, *con]})
    locs, carriers = zip(*balance, strict=True)
    price = {"electricity": 0.3, "dhw": 0.09, "sh": 0.08, "air_cond": 0.05}
    rhythm = 1 + 0.2 * np.sin(np.arange(hours) / 24 * 2 * np.pi)
    values: dict[str, Any] = {
        "energy_cap": ({"node": nodes}, np.full(len(nodes), 1500.0)),
        "carrier_prod": flows(prod),
        "carrier_con": flows(con),
        "unmet_demand": ({"loc": locs, "carrier": carriers}, np.zeros((len(locs), hours))),
        "cost": (cost_keys, cost_var.sum(axis=1)),
        "cost_var": (cost_keys, cost_var),
    }
    if storage:
        values["storage"] = ({"node": tuple(storage)}, np.stack(list(storage.values())))
        values["storage_cap"] = (
            {"node": tuple(storage)},
            np.array([s.max() for s in storage.values()]),
        )
    duals = {
        "system_balance": (
            {"loc": locs, "carrier": carriers},
            np.stack([price[c] * rhythm for c in carriers]),
        )
    }
    solution = FakeSolution(values, duals)
    assert isinstance(solution.problem.variables["carrier_prod"], FakeBlock)
    return solution


def _ring(
    times: np.ndarray, cop: Any, prod: Any, by_iteration: np.ndarray, balance: np.ndarray
) -> xr.Dataset:
    pumps = list(cop)
    q = np.stack([next(v for (n, _), v in prod.items() if n == p) for p in pumps])
    series = np.stack([cop[p] for p in pumps])
    sigma = np.array([1.0 if p.endswith("cold") else -1.0 for p in pumps])
    wells = np.clip(balance, -600, 600)
    devices = {
        "wells": wells,
        "backup_heater": np.clip(balance - wells, 0, None),
        "dry_cooler": np.clip(balance - wells, None, 0),
    }
    degc = {"units": "degC"}
    return xr.Dataset(
        {
            "temperature_degc": ("state", by_iteration[-1], degc),
            "temperature_by_iteration_degc": (("iteration", "state"), by_iteration, degc),
            "step_h": ("timestep", np.ones(len(times))),
            "q_bal_kw": (("device", "timestep"), np.stack(list(devices.values())), {"units": "kW"}),
            "p_bal_kw": (("device", "timestep"), 0.03 * np.abs(np.stack(list(devices.values())))),
            "loss_kw": ("timestep", np.full(len(times), 2.0)),
            "q_kw": (("node", "timestep"), q),
            "p_kw": (("node", "timestep"), q / series),
            "q_ring_kw": (("node", "timestep"), sigma[:, None] * q + q / series),
            "cop": (("node", "timestep"), series),
        },
        coords={
            "node": pumps,
            "timestep": times,
            "state": np.concatenate([times, times[-1:] + np.timedelta64(1, "h")]),
            "device": list(devices),
            "iteration": np.arange(len(by_iteration)),
        },
        attrs={"bounds_degc": [10.0, 20.0], "resets_low": 0, "resets_high": 0},
    )
