"""Every entry of the registry occurs in a golden case, and those of extensions in one by hand.

The numbers of the golden models are tested elsewhere; here it is asked that no part of the
formulation escapes them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import small_models
from anello.errors import AnelloError
from anello.model.definition import read_model
from anello.optimise.formulation.assemble import assemble
from anello.optimise.formulation.pyomo_model import ArrayModel
from anello.optimise.formulation.registry import REGISTRY
from anello.optimise.formulation.ring_rows import (
    Device,
    DoubletRows,
    FieldRows,
    LoopRows,
    OpenSize,
    RingRows,
)
from anello.optimise.formulation.system import System
from anello.optimise.solve import compile_problem, solve
from golden.cases import Case, cases

HOURS = 12


def occurring(system: System) -> set[tuple[str, str]]:
    """Entries that put something into a system; a constraint must bound at least one row."""
    found = {("variable", name) for name in system.variables}
    found |= {("expression", name) for name in system.expressions}
    for name, (_, relation, _) in system.relations.items():
        if any(np.isfinite(side).any() for side in relation.bounds()):
            found.add(("constraint", name))
    return found


# --- cases by hand --------------------------------------------------------------------------------
def zero_efficiency() -> System:
    """A store that gives nothing in two hours."""
    table = small_models.series(HOURS)["cop"] * 0 + 0.9
    table.iloc[4:6] = 0.0
    changes = {"techs.tank.constraints.energy_eff": "df=new"}
    return assemble(small_models.data(changes, HOURS, tables={"new": table}))


def secondary() -> System:
    """Gas beside sunshine for an hour or two, and a net capacity."""
    changes = {
        "techs.pv.constraints": {
            "resource2": 30,
            "resource2_cap_max": 2,
            "resource2_startup_only": 2,
            "parasitic_eff": 0.9,
            "energy_cap_net_max": 9,
        }
    }
    return assemble(small_models.data(changes, HOURS))


RING = RingRows(
    heat_pumps=("a::heat_pump", "b::heat_pump"),
    sigma=(-1.0, -1.0),
    stores=("a::tank", ""),
    capacity_kw=np.full(2, np.inf),
    step_h=np.ones(HOURS),
    phi=np.full(HOURS, 0.9),
    psi=np.full(HOURS, 0.05),
    gain_degc=np.full(HOURS, 1.2),
    initial_degc=12.0,
    devices={
        "wells_heating": Device(30.0, 0.05, 0.001, 1.0, np.full(HOURS, 12.0), 4.0),
        "wells_cooling": Device(20.0, 0.05, 0.002, -1.0, np.full(HOURS, 12.0), 4.0),
        "backup_heater": Device(50.0, 1.02, 0.01),
        "chiller": Device(40.0, 0.0, 0.0, -1.0, start_kwh_per_kwh=np.full(HOURS, 0.25)),
    },
    electricity_price_eur_per_kwh=0.3,
    bounds_degc=(10.0, 14.0),
    capacity_kwh_per_k=20.0,
)


def ring() -> System:
    """Heat pumps that cool a ring, which wells and a heater warm."""
    return assemble(small_models.data(hours=HOURS), RING)


def ring_end() -> System:
    """The same, with a price for what the ring holds at the end."""
    return assemble(small_models.data(hours=HOURS), replace(RING, end_credit_eur_per_kwh=0.5))


def loop() -> System:
    """The same heat pumps at two substations of a loop whose flow follows their load."""
    water = LoopRows(
        stations=("here", "there"),
        station_of=(0, 1),
        plant_station=0,
        waves=("cosine_1", "sine_1"),
        flow_follows=True,
    )
    return assemble(
        small_models.data(hours=HOURS), replace(RING, loop=water, electricity_location="a")
    )


def borefield(always: bool = False, followed: bool = True) -> System:
    """The same heat pumps over two thermal masses of ground."""
    keep = np.array([[0.5], [0.9]]) * np.ones(HOURS)
    field = FieldRows(
        masses=("quick", "slow") if followed else (),
        ways=("borefield_heating", "borefield_cooling"),
        signs=(1.0, -1.0),
        keep=keep,
        drop_k_per_kw=(1.0 - keep) * 0.1,
        undisturbed_degc=16.0,
        kw_per_k=np.full(HOURS, 4.0),
        fluid_kw_per_k=np.full(HOURS, 5.0),
        fluid_degc=(8.0, 25.0),
        fluid_binds=followed,
        always=always,
        station=0,
        most_kw=100.0,
        carried=5.0 * keep if followed and not always else None,
        beyond_eur_per_k=10.0,
    )
    devices = {
        "backup_heater": RING.devices["backup_heater"],
        "borefield_heating": Device(100.0, 0.02, 0.0),
        "borefield_cooling": Device(100.0, 0.02, 0.0, -1.0),
    }
    return assemble(small_models.data(hours=HOURS), replace(RING, devices=devices, field=field))


def borefield_in_the_flow() -> System:
    """Ground that the water passes all the time."""
    return borefield(always=True)


def borefield_in_a_long_run() -> System:
    """Ground whose masses are the incumbent's."""
    return borefield(followed=False)


def doublet() -> System:
    """The same heat pumps over wells that feel on a day what they gave back on the day before."""
    body = np.full(HOURS, 12.0)
    wells = {
        way: Device(100.0, 0.02, 0.0, sign, body_degc=body, kw_per_k=3.0)
        for way, sign in (("wells_heating", 1.0), ("wells_cooling", -1.0))
    }
    rows = DoubletRows(
        ways=("wells_heating", "wells_cooling"),
        signs=(1.0, -1.0),
        flow_kw_per_k=20.0,
        block_of=np.arange(HOURS) // (HOURS // 2),
        block_h=np.full(2, HOURS / 2),
        weight=np.array([[0.0, 0.0], [0.5, 0.0]]),
    )
    return assemble(small_models.data(hours=HOURS), replace(RING, devices=wells, doublet=rows))


def two_pipes() -> System:
    """The same heat pumps on water that the programme does not see."""
    return assemble(small_models.data(hours=HOURS), replace(RING, devices={}, sees_water=False))


def monthly_peaks() -> System:
    """Two grids whose peaks are billed by the month."""
    changes = {"techs.grid.costs.monetary.monthly_peak": 8.0}
    return assemble(small_models.data(changes, hours=HOURS))


BY_HAND = {
    "zero_efficiency": zero_efficiency,
    "secondary": secondary,
    "ring": ring,
    "loop": loop,
    "monthly_peaks": monthly_peaks,
}


def chosen_sizes(listed: bool = False) -> System:
    """The same heat pumps over wells and a heater whose sizes are to be chosen."""
    body = np.full(HOURS, 12.0)
    reach = np.full(HOURS, 30.0)
    wells = {
        way: Device(
            np.inf, 0.02, 0.0, sign, body_degc=body, kw_per_k=3.0, sized="wells", reach_kw=reach
        )
        for way, sign in (("wells_heating", 1.0), ("wells_cooling", -1.0))
    }
    heater = Device(10.0, 1.0, 0.0, sized="backup_heater", reach_kw=np.full(HOURS, 10.0))
    sizes = {"wells": OpenSize(0.0, 1.5, 20.0), "backup_heater": OpenSize(0.0, 1.0, 3.0)}
    if listed:
        sizes["wells"] = OpenSize(0.5, 1.5, 20.0, (0.5, 1.5), (12.0, 25.0))
    rows = replace(RING, devices={**wells, "backup_heater": heater}, sizes=sizes)
    return assemble(small_models.data(hours=HOURS), rows)


def listed_sizes() -> System:
    """The same with wells of one of two sizes."""
    return chosen_sizes(listed=True)


def sized_exchangers() -> System:
    """Two heat pumps that cool, one behind an exchanger of any size, one of two sizes."""
    sizes = {
        "one.free_cooling": OpenSize(0.0, 1.5, 20.0),
        "two.free_cooling": OpenSize(0.0, 1.0, 20.0, (0.0, 1.0), (0.0, 20.0)),
    }
    rows = replace(RING, sigma=(1.0, 1.0), sizes=sizes, free_cooling=tuple(sizes))
    return assemble(small_models.data(hours=HOURS), rows)


BY_HAND |= {"ring_end": ring_end, "doublet": doublet, "chosen_sizes": chosen_sizes}
BY_HAND |= {
    "borefield": borefield,
    "borefield_in_the_flow": borefield_in_the_flow,
    "borefield_in_a_long_run": borefield_in_a_long_run,
}
BY_HAND |= {"listed_sizes": listed_sizes, "sized_exchangers": sized_exchangers}
BY_HAND |= {"two_pipes": two_pipes}


# Cases that hold what no case is named after.
RICH = (
    Case("milp_units", "chp"),
    Case("milp_units", "two_places"),
    Case("time_clusters", "from_file"),
    Case("feasibility", "other_big_m"),
    Case("supply_plus_store", "charge_rate"),
)


def likely(entry: str, untried: set[Case]) -> Case:
    """The case whose name has the most words of an entry's, and the fewest others."""
    asked = set(entry.split("_"))

    def fit(case: Case) -> tuple[int, int, str]:
        words = set(case.name.replace("-", "_").split("_"))
        return -len(words & asked), len(words), case.name

    return min(untried, key=fit)


def test_every_entry_occurs_in_a_golden_case():
    missing = set(REGISTRY)
    for build in BY_HAND.values():
        missing -= occurring(build())
    untried = set(cases())
    ahead = list(RICH)
    while missing and untried:
        case = ahead.pop() if ahead else likely(min(missing)[1], untried)
        untried.remove(case)
        try:
            missing -= occurring(assemble(read_model(case.path, scenario=case.override)))
        except AnelloError:
            continue  # cases that must be refused
    assert not missing, f"no golden case holds {sorted(missing)}"


def test_zero_efficiency_by_hand():
    solution = solve(compile_problem(ArrayModel(zero_efficiency())))
    labels = solution.problem.variables["carrier_prod"].labels()
    given = solution.value("carrier_prod")[labels.index(("a::tank", "heat"))]
    np.testing.assert_allclose(given[4:6], 0.0, atol=1e-9)


def test_the_ring_follows_its_heat_balance():
    """T(t) = φ T(t-1) + gain + ψ (Σ σ q + P + Σ device heat), step by step."""
    problem = compile_problem(ArrayModel(ring()))
    # Ask for at least 11 °C, so that the plant has to work.
    problem = problem.with_bounds(columns={"ring_temperature": (11.0, 14.0)})
    solution = solve(problem)
    flows = problem.variables["carrier_prod"].labels(), problem.variables["carrier_con"].labels()
    temperature, heat = RING.initial_degc, solution.value("ring_heat")
    assert heat.sum() > 50
    for t in range(HOURS):
        into = heat[0, t] - heat[1, t] + heat[2, t] - heat[3, t]
        for node in RING.heat_pumps:
            into -= solution.value("carrier_prod")[flows[0].index((node, "heat")), t]
            into -= solution.value("carrier_con")[flows[1].index((node, "electricity")), t]
        temperature = 0.9 * temperature + 1.2 + 0.05 * into
        assert solution.value("ring_temperature")[0, t] == pytest.approx(temperature, abs=1e-7)
    assert solution.value("ring_power") == pytest.approx(0.25 * heat[3:4])
    per_kwh = [0.001 + 0.3 * 0.05, 0.002 + 0.3 * 0.05, 0.01 + 0.3 * 1.02, 0.3 * 0.25]
    paid = heat.sum(axis=1) @ per_kwh
    assert solution.value("ring_cost").sum() == pytest.approx(paid)
    assert solution.objective == pytest.approx(paid + solution.value("cost").sum())


def test_a_priced_end_is_credited_by_what_the_ring_holds():
    plain, priced = (solve(compile_problem(ArrayModel(build()))) for build in (ring, ring_end))
    last = priced.value("ring_temperature")[0, -1]
    assert priced.value("ring_end").sum() == pytest.approx(0.5 * 20.0 * (12.0 - last))
    # Heat for a cent and 1.02 kWh of electricity is worth more than it costs until the bound.
    assert last > plain.value("ring_temperature")[0, -1] + 0.1
    assert priced.objective < plain.objective - 0.5 * 20.0 * (
        plain.value("ring_temperature")[0, -1] - 12.0
    )


def test_the_plants_electricity_can_be_on_a_locations_balance():
    from dataclasses import replace

    rows = replace(RING, electricity_location="b")
    problem = compile_problem(ArrayModel(assemble(small_models.data(hours=HOURS), rows)))
    problem = problem.with_bounds(columns={"ring_temperature": (11.0, 14.0)})
    solution = solve(problem)
    balance = problem.variables["carrier_prod"].labels(), problem.variables["carrier_con"].labels()
    net = sum(
        solution.value(name)[k].sum()
        for name, labels in zip(("carrier_prod", "carrier_con"), balance, strict=True)
        for k, (node, carrier) in enumerate(labels)
        if node.startswith("b::") and carrier == "electricity"
    )
    used = solution.value("ring_heat").sum(axis=1) @ [0.05, 0.05, 1.02, 0.25]
    assert net == pytest.approx(used)


def test_a_relation_without_bounds_does_not_count():
    changes = {"techs.heat_pump.constraints.energy_ramping": 0.5}
    system = assemble(small_models.data(changes, HOURS))
    assert ("constraint", "ramping_up") in occurring(system)
    keys, relation, axis = system.relations["ramping_up"]
    nowhere = relation.where(np.zeros((1, HOURS), dtype=bool))
    system.relations["ramping_up"] = (keys, nowhere, axis)
    assert ("constraint", "ramping_up") not in occurring(system)


def test_ground_that_is_not_followed_gives_what_it_is_said_to():
    """Ground of 14 °C, as it was left: 4 kW for each kelvin that the water is colder."""
    problem = compile_problem(ArrayModel(borefield_in_a_long_run()))
    limit = np.full((2, HOURS), [[4.0 * 14.0], [100.0]])
    limit[0, 0] -= 4.0 * 12.0
    problem = problem.patch(
        {"ring_field_kw_per_k": {"borefield_heating": np.full(HOURS, 4.0)}}
    ).with_bounds(
        columns={"ring_temperature": (13.0, 14.0)},
        rows={"ring_field_max": (np.full_like(limit, np.nan), limit)},
    )
    solution = solve(problem)
    labels = [label for (label,) in solution.problem.variables["ring_heat"].labels()]
    into = solution.value("ring_heat")[labels.index("borefield_heating")]
    water = np.concatenate([[12.0], solution.value("ring_temperature")[0][:-1]])
    assert (into <= 4.0 * (14.0 - water) + 1e-6).all()
    assert into.sum() > 1.0
    assert "ring_field" not in solution.problem.variables


@pytest.mark.parametrize("always", [False, True])
def test_borefield_by_hand(always):
    problem = compile_problem(ArrayModel(borefield(always)))
    if not always:  # ask for at least 13 °C, so that the field has to work
        limit = np.full((2, HOURS), [[4.0 * 16.0], [100.0]])
        limit[0, 0] -= 4.0 * 12.0
        problem = problem.patch(
            {
                "ring_field_kw_per_k": {"borefield_heating": np.full(HOURS, 4.0)},
                "ring_field_kw_per_mass": {
                    "borefield_heating|quick": np.full(HOURS, 2.0),
                    "borefield_heating|slow": np.full(HOURS, 3.6),
                },
            }
        ).with_bounds(
            columns={"ring_temperature": (13.0, 14.0)},
            rows={"ring_field_max": (np.full_like(limit, np.nan), limit)},
        )
    solution = solve(problem)
    labels = [label for (label,) in solution.problem.variables["ring_heat"].labels()]
    heat = solution.value("ring_heat")
    into = heat[labels.index("borefield_heating")]
    out = heat[labels.index("borefield_cooling")]
    water = np.concatenate([[12.0], solution.value("ring_temperature")[0][:-1]])
    quick = slow = 0.0
    for step in range(HOURS):
        quick, slow = 0.5 * quick, 0.9 * slow
        idle = 16.0 - quick - slow
        net = into[step] - out[step]
        if always:
            np.testing.assert_allclose(net, 4.0 * (idle - water[step]), atol=1e-6)
        else:
            assert into[step] <= 4.0 * (idle - water[step]) + 1e-6
            assert into[step] <= 5.0 * (idle - 8.0) + 1e-6
        quick, slow = quick + 0.05 * net, slow + 0.01 * net
        np.testing.assert_allclose(solution.value("ring_field")[:, step], [quick, slow], atol=1e-6)
    assert into.sum() > 1.0
