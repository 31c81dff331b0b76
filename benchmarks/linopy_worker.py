"""linopy building the rows of the national-scale model from the arrays that anello starts from.

    linopy_worker.py MODEL_DATA.nc stop|solve

Only what that model needs is written here; every row and column of anello's formulation is there.
"""

from __future__ import annotations

import sys
import time

import highspy
import linopy
import numpy as np
import pandas as pd
import xarray as xr
from measure import cpu_to_solver, peak_mb, report


def build(data: xr.Dataset, big_m: float = 1e6) -> linopy.Model:
    """Write the national-scale model."""
    m = linopy.Model()
    base = data["node_base"].values
    names = data["node"].values.astype(str)
    time_axis = pd.Index(data["timestep"].values, name="timestep")
    hours = data["timestep_resolution"]

    def nodes(*bases: str) -> pd.Index:
        return pd.Index(names[np.isin(base, bases)], name="node")

    def value(name: str, default: float, over: pd.Index) -> xr.DataArray:
        if name not in data:
            return xr.DataArray(np.full(len(over), default), coords=[over])
        return data[name].sel(node=over).fillna(default)

    every, plants = nodes(*set(base)), nodes("supply_plus")
    lines, demands, supplies = nodes("transmission"), nodes("demand"), nodes("supply")
    batteries, stores = nodes("storage"), nodes("supply_plus", "storage")
    producers = nodes("supply", "supply_plus", "storage", "transmission")
    consumers = nodes("demand", "storage", "transmission")
    places = pd.Index(data["loc"].values.astype(str), name="loc")

    cap = m.add_variables(lower=0, coords=[every], name="energy_cap")
    prod = m.add_variables(lower=0, coords=[producers, time_axis], name="carrier_prod")
    con = m.add_variables(upper=0, coords=[consumers, time_axis], name="carrier_con")
    area = m.add_variables(lower=0, coords=[plants], name="resource_area")
    store_cap = m.add_variables(lower=0, coords=[stores], name="storage_cap")
    level = m.add_variables(lower=0, coords=[stores, time_axis], name="storage")
    taken = m.add_variables(lower=0, coords=[plants, time_axis], name="resource_con")
    taken_cap = m.add_variables(lower=0, coords=[plants], name="resource_cap")
    unmet = m.add_variables(lower=0, coords=[places, time_axis], name="unmet_demand")
    unused = m.add_variables(upper=0, coords=[places, time_axis], name="unused_supply")

    where = data["node_loc"].astype(str)
    place = {n: str(where.sel(node=n).values) for n in names}

    def at_place(flow: linopy.Variable, over: pd.Index) -> linopy.LinearExpression:
        key = xr.DataArray([place[n] for n in over], coords=[over], name="loc")
        return (1 * flow).groupby(key).sum()

    balance = at_place(prod, producers) + at_place(con, consumers) + unmet + unused
    m.add_constraints(balance == 0, name="system_balance")
    wanted = value("resource", 0, demands)
    m.add_constraints(con.sel(node=demands) == wanted, name="balance_demand")
    far = data["node_remote"].sel(node=lines).values.astype(str)
    sent = con.sel(node=far).assign_coords(node=lines)
    eff = value("energy_eff", 1, every)
    m.add_constraints(
        prod.sel(node=lines) + sent * eff.sel(node=lines) == 0, name="balance_transmission"
    )
    m.add_constraints(
        taken - area * value("resource", 0, plants) <= 0, name="resource_availability_supply_plus"
    )
    kept = (1 - value("storage_loss", 0, stores)) ** hours.shift(timestep=1, fill_value=1.0)
    before = level.roll(timestep=1)
    total = eff.sel(node=plants) * value("parasitic_eff", 1, plants)
    m.add_constraints(
        level.sel(node=plants)
        - before.sel(node=plants) * kept.sel(node=plants)
        - taken * value("resource_eff", 1, plants)
        + prod.sel(node=plants) / total
        == 0,
        name="balance_supply_plus",
    )
    m.add_constraints(
        level.sel(node=batteries)
        - before.sel(node=batteries) * kept.sel(node=batteries)
        + prod.sel(node=batteries) / eff.sel(node=batteries)
        + con.sel(node=batteries) * eff.sel(node=batteries)
        == 0,
        name="balance_storage",
    )
    m.add_constraints(cap <= value("energy_cap_max", np.inf, every), name="energy_capacity")
    m.add_constraints(
        store_cap <= value("storage_cap_max", np.inf, stores), name="storage_capacity"
    )
    ratio = value("energy_cap_per_storage_cap_max", np.inf, stores)
    m.add_constraints(
        cap.sel(node=stores) - store_cap * ratio <= 0, name="energy_capacity_storage_max"
    )
    m.add_constraints(area <= value("resource_area_max", np.inf, plants), name="resource_area")
    systemwide = float(data["tech_energy_cap_max_systemwide"].max())
    m.add_constraints(cap.sel(node=supplies).sum() <= systemwide, name="energy_capacity_systemwide")
    parasitic = value("parasitic_eff", 1, producers)
    m.add_constraints(
        prod - cap.sel(node=producers) * (hours * parasitic) <= 0, name="carrier_production_max"
    )
    m.add_constraints(con + cap.sel(node=consumers) * hours >= 0, name="carrier_consumption_max")
    m.add_constraints(taken - taken_cap * hours <= 0, name="resource_max")
    m.add_constraints(level - store_cap <= 0, name="storage_max")
    ramp = value("energy_ramping", np.nan, supplies)
    power = prod.sel(node=supplies) / hours
    later = {"timestep": time_axis[1:]}
    change = power.sel(later) - (prod.sel(node=supplies) / hours).shift(timestep=1).sel(later)
    allowed = cap.sel(node=supplies) * ramp
    m.add_constraints(change - allowed <= 0, name="ramping_up")
    m.add_constraints(change + allowed >= 0, name="ramping_down")
    near = lines[[n < f for n, f in zip(lines, far, strict=True)]]
    ends = far[[n < f for n, f in zip(lines, far, strict=True)]]
    m.add_constraints(
        cap.sel(node=near) - cap.sel(node=ends).assign_coords(node=near) == 0,
        name="symmetric_transmission",
    )

    year = float(hours.sum()) / 8760
    half = xr.where(np.isin(base, ["transmission"]), 0.5, 1.0)
    money = data.sel(cost="monetary")
    annual = money["cost_depreciation_rate"].fillna(1) * half * year

    def price(name: str, over: pd.Index) -> xr.DataArray:
        found = money[f"cost_{name}"] if f"cost_{name}" in money else 0 * annual
        return found.sel(node=over).fillna(0)

    def capital(name: str, variable: linopy.Variable, over: pd.Index) -> linopy.LinearExpression:
        return (variable * (price(name, over) * annual.sel(node=over))).sum()

    running = (prod * price("om_prod", producers)).sum()
    fuel = (prod.sel(node=supplies) * (price("om_con", supplies) / eff.sel(node=supplies))).sum()
    m.add_objective(
        capital("energy_cap", cap, every)
        + capital("storage_cap", store_cap, stores)
        + capital("resource_cap", taken_cap, plants)
        + capital("resource_area", area, plants)
        + running
        + fuel
        + big_m * unmet.sum()
        - big_m * unused.sum()
    )
    return m


def main() -> None:
    path, task = sys.argv[1:]
    with xr.open_dataset(path, engine="netcdf4") as file:
        data = file.load()
    started = time.process_time()
    made = build(data)
    built = time.process_time() - started
    if task == "solve":
        made.solve("highs", io_api="direct", output_flag=False)
        report(objective=float(made.objective.value), rows=int(made.ncons), columns=int(made.nvars))
        return
    seconds = cpu_to_solver(
        lambda: made.solve("highs", io_api="direct", output_flag=False), highspy.Highs, "run"
    )
    report(
        build_s=built,
        cpu_to_solver_s=built + seconds,
        peak_mb=peak_mb(),
        rows=int(made.ncons),
        columns=int(made.nvars),
    )


if __name__ == "__main__":
    main()
