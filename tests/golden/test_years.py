"""Sizes for several years at once: against one year, and against each year's own sizes."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict, Iteration, Outcome
from anello.coupling.iteration import start_cop, with_cop
from anello.coupling.plant_sizes import sizes_in
from anello.coupling.years_district import CoupledYears, YearsOutcome
from anello.district import load_district, write_district
from anello.errors import InputError
from anello.model.data import ModelData
from anello.model.definition import read_model
from anello.model.schema.yaml_reader import read_settings
from anello.ring.config import RingConfig
from anello.ring.plant_sizes import with_sizes
from anello.run.config import parse_config
from ring_districts import random_district

DAYS = ["2015-07-01", "2015-07-02"]
WEIGHTS = {"typical": 0.7, "hard": 0.3}
HOT = {"weather": {"spells": [{"start": "07-01", "days": 2, "temperature_shift_k": 6}]}}
SIZES = ("energy_cap", "storage_cap", "resource_area")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("years")
    changes: dict[str, dict[str, Any]] = {"typical": {}, "hard": HOT}
    return {
        name: write_district(load_district(None, told), folder / name).model
        for name, told in changes.items()
    }


@pytest.fixture(scope="module")
def ring(repo_root: Path) -> RingConfig:
    settings = parse_config(read_settings(repo_root / "config" / "config.yaml"))
    return settings.scenario("designed").ring


def read(model: Path, changes: dict[str, Any] | None = None) -> ModelData:
    told = {"model.subset_time": DAYS, **(changes or {})}
    return read_model(model, scenario="designed", override_dict=told)


@pytest.fixture(scope="module")
def years(models: dict[str, Path]) -> dict[str, ModelData]:
    return {name: read(model) for name, model in models.items()}


@pytest.fixture(scope="module")
def alone(years: dict[str, ModelData], ring: RingConfig) -> dict[str, Outcome]:
    return {
        name: CoupledDistrict(data, ring, CouplingConfig()).run() for name, data in years.items()
    }


@pytest.fixture(scope="module")
def found(years: dict[str, ModelData], ring: RingConfig) -> YearsOutcome:
    return CoupledYears(years, WEIGHTS, ring, CouplingConfig()).run()


def chosen(done: Iteration) -> dict[str, float]:
    """Sizes of what is no connection, as overrides give them."""
    sizes: dict[str, float] = {}
    for name in SIZES:
        if name not in done.dispatch:
            continue
        for node, value in done.dispatch[name].to_series().items():
            place, tech = str(node).split("::")
            if np.isfinite(value) and not tech.startswith(("grid", "demand")):
                key = f"locations.{place}.techs.{tech}.constraints.{name}_equals"
                sizes[key] = max(float(value), 0.0)
    return {key: kw for key, kw in sizes.items() if "storage_cap" not in key}


def kept(models: dict[str, Path], ring: RingConfig, done: Iteration) -> tuple[Any, RingConfig]:
    """Every year's model and the ring with the sizes of a dispatch."""
    built = with_sizes(ring, sizes_in(done.dispatch))
    return {name: read(model, chosen(done)) for name, model in models.items()}, built


def test_the_same_year_twice_is_that_year(years, ring, alone):
    same = CoupledYears(
        dict.fromkeys(["a", "b"], years["typical"]), {"a": 0.4, "b": 0.6}, ring, CouplingConfig()
    ).run()
    mine = alone["typical"]
    assert same.expected_eur == pytest.approx(mine.best.penalised_eur, rel=1e-6)
    for one in same.best.values():
        assert one.penalised_eur == pytest.approx(mine.best.penalised_eur, rel=1e-6)
        assert sizes_in(one.dispatch) == pytest.approx(sizes_in(mine.best.dispatch), abs=1e-6)
        assert chosen(one) == pytest.approx(chosen(mine.best), rel=1e-6, abs=1e-4)
    assert len(same.record.trace) == len(mine.record.trace)


def test_all_years_have_the_same_sizes_and_connections_of_their_own(found):
    typical, hard = (found.best[name] for name in WEIGHTS)
    assert chosen(typical) == chosen(hard)
    assert sizes_in(typical.dispatch) == sizes_in(hard.dispatch)
    cooling = {"node": "buildings::demand_cooling"}
    assert hard.dispatch["energy_cap"].sel(cooling) > typical.dispatch["energy_cap"].sel(cooling)


def test_the_record_has_what_is_expected_and_what_each_year_costs(found):
    assert found.record.converged
    for step, *own in zip(
        found.record.trace, *(r.trace for r in found.records.values()), strict=True
    ):
        for name in ("j_lp_eur", "j_sim_eur", "investment_eur"):
            parts = [w * getattr(o, name) for w, o in zip(WEIGHTS.values(), own, strict=True)]
            assert getattr(step, name) == pytest.approx(math.fsum(parts), rel=1e-12)
        assert {(o.accepted, o.rho, o.trust_region_k) for o in own} == {
            (step.accepted, step.rho, step.trust_region_k)
        }
    assert found.expected_eur == pytest.approx(found.record.best.j_sim_eur, rel=1e-6)


def test_the_stochastic_solution_is_worth_something(models, ring, alone, found):
    """Each year's own sizes cost more when they have to serve both years (Birge 1982)."""
    mine = found.expected_eur
    waiting = math.fsum(w * alone[name].best.penalised_eur for name, w in WEIGHTS.items())
    assert waiting < mine * (1 + 1e-4)
    for name, own in alone.items():
        years, built = kept(models, ring, own.best)
        plant_eur = float(own.best.dispatch["ring_size_cost"].sum())
        costs = {
            year: own.best.penalised_eur
            if year == name
            else CoupledDistrict(data, built, CouplingConfig()).run().best.penalised_eur + plant_eur
            for year, data in years.items()
        }
        expected = math.fsum(w * costs[year] for year, w in WEIGHTS.items())
        assert expected > mine * 1.001, name


def test_each_year_with_the_sizes_given_is_that_year_alone(models, ring, found):
    typical, _ = (found.best[name] for name in WEIGHTS)
    years, built = kept(models, ring, typical)
    plant_eur = float(typical.dispatch["ring_size_cost"].sum())
    for name, data in years.items():
        done = CoupledDistrict(data, built, CouplingConfig()).run()
        cost = done.best.penalised_eur + plant_eur
        assert cost == pytest.approx(found.best[name].penalised_eur, rel=3e-4), name


def harder(data: ModelData, factor: float) -> ModelData:
    """The same district with other loads and prices, and machines that change slowly."""
    inputs = data.inputs.copy(deep=True)
    demand = inputs["node_base"] == "demand"
    inputs["resource"] = inputs["resource"].where(~demand, inputs["resource"] * factor)
    inputs["cost_om_prod"] = inputs["cost_om_prod"] * factor
    pumps = np.array(["hp_" in str(node) for node in inputs["node"].values])
    inputs["energy_ramping"] = ("node", np.where(pumps, 0.3, np.nan))
    return replace(data, inputs=inputs)


FIELD = {
    "borefield": {
        "field": {"kind": "rectangle", "rows": 2, "columns": 2},
        "depth_m": 80.0,
        "soil_w_per_mk": 2.0,
        "soil_kj_per_m3k": 2300.0,
        "surface_degc": 12.0,
        "flow_kg_s": 4.0,
    }
}


@pytest.mark.parametrize(
    ("seed", "options"),
    [
        (3, {}),
        (5, {"end": "cyclic"}),
        (8, {"loop": True}),
        (4, {"plant": FIELD}),
        (6, {"demand_charge": 90.0}),
    ],
    ids=["stores", "cyclic ring", "loop", "borefield", "demand charge"],
)
def test_nothing_leaks_from_one_year_into_another(seed, options):
    """With all sizes given, the programme of two years is that of each."""
    data, ring = random_district(seed, **options)
    years = {"mild": harder(data, 0.7), "hard": harder(data, 1.0)}
    search = CoupledYears(years, {"mild": 0.25, "hard": 0.75}, ring, CouplingConfig())
    about = tuple(
        with_cop(ring, one.heat_pumps, start_cop(one.data, one.heat_pumps))
        for one in search.districts.values()
    )
    for district in search.districts.values():
        assert "ramping_up" in district.problem.constraints
    for number in range(3):
        together, _ = search._iterate(number, about)
        for (name, district), lin in zip(search.districts.items(), about, strict=True):
            single = district.iterate(number, lin)
            mine = together[name].dispatch
            objective = single.dispatch.attrs["objective"]
            assert mine.attrs["objective"] == pytest.approx(objective, rel=1e-6), name
            grid = mine["carrier_prod"].sel(node="a::grid").max()
            if "demand_charge" in options:
                capacity = float(mine["energy_cap"].sel(node="a::grid"))
                assert capacity == pytest.approx(float(grid), rel=1e-6)
        _, _, about = search._step(number, about)


def test_years_may_have_other_time_steps():
    data, ring = random_district(3, mass_kg=3e5)
    coarse, _ = random_district(3, mass_kg=3e5, resolution="2h")
    done = CoupledYears(
        {"fine": data, "coarse": coarse}, {"fine": 0.5, "coarse": 0.5}, ring, CouplingConfig()
    ).run(must_converge=False)
    sizes = [one.ring.step_h.size for one in done.best.values()]
    assert sizes == [48, 24]


def test_whole_numbers_are_the_same_in_all_years(models, ring):
    units = {
        "energy_cap_max": None,
        "energy_cap_per_unit": 400.0,
        "units_max": 8,
    }
    place = "locations.buildings.techs.hp_cooling"
    changes = {f"{place}.constraints": units, f"{place}.costs.monetary.purchase": 1000.0}
    years = {name: read(model, changes) for name, model in models.items()}
    coupling = CouplingConfig(max_iterations=3)
    done = CoupledYears(years, WEIGHTS, ring, coupling).run(must_converge=False)
    numbers = [float(one.dispatch["units"].sum()) for one in done.best.values()]
    assert numbers[0] == numbers[1] == round(numbers[0]) > 0


# --- what is refused ---------------------------------------------------------------------------


def refused(years: dict[str, Any], weights: dict[str, float], ring: RingConfig, **coupling: Any):
    with pytest.raises(InputError) as error:
        CoupledYears(years, weights, ring, CouplingConfig(**coupling))
    return str(error.value)


@pytest.fixture(scope="module")
def small() -> tuple[ModelData, RingConfig]:
    return random_district(3)


def test_weights_that_are_none_are_refused(small):
    data, ring = small
    two = {"a": data, "b": data}
    assert "0.4 + 0.5 = 0.9" in refused(two, {"a": 0.4, "b": 0.5}, ring)
    assert "`b` has 0" in refused(two, {"a": 1.0, "b": 0.0}, ring)
    assert "each year has one weight" in refused(two, {"a": 1.0}, ring)


def test_years_that_do_not_fit_are_refused(small):
    data, ring = small
    half = {"a": 0.5, "b": 0.5}
    longer, _ = random_district(3, days=3)
    told = refused({"a": data, "b": longer}, half, ring)
    assert "covers 72 h, and `a` 48 h" in told
    assert "model.subset_time" in told
    other, _ = random_district(7)
    assert "has other technologies than `a`" in refused({"a": data, "b": other}, half, ring)
    operated = replace(data, config={**data.config, "run": {**data.config["run"]}})
    operated.config["run"]["mode"] = "operate"
    assert "run.mode: plan" in refused({"a": data, "b": operated}, half, ring)
    operated.config["run"]["mode"] = "spores"
    told = refused({"a": data, "b": operated}, half, ring)
    assert "`years.b`: asks for alternatives" in told
    assert "run.mode: plan" in told
    assert "Use `slp`" in refused({"a": data, "b": data}, half, ring, method="fixed_point")


def test_a_connection_that_costs_capital_is_refused():
    data, ring = random_district(6, demand_charge=90.0)
    inputs = data.inputs.copy(deep=True)
    price = np.where(inputs["node"].str.endswith("grid"), 50.0, np.nan)
    inputs["cost_energy_cap"] = (("cost", "node"), price[None, :])
    dear = replace(data, inputs=inputs)
    told = refused({"a": data, "b": dear}, {"a": 0.5, "b": 0.5}, ring)
    assert "years.b: a::grid" in told
    assert "om_annual" in told


def test_given_sizes_that_differ_are_refused_with_those_to_write(small):
    """As of machines that a description sizes for each year's own weather."""
    data, ring = small
    node, other = [str(n) for n in data.inputs["node"].values if "::hp_" in str(n)][:2]
    values = data.inputs["energy_cap_equals"].to_series()

    def given(kw: float) -> ModelData:
        inputs = data.inputs.copy(deep=True)
        sizes = {**values, node: kw, other: 70.0}
        inputs["energy_cap_equals"] = ("node", [sizes[n] for n in inputs["node"].values])
        return replace(data, inputs=inputs)

    half = {"a": 0.5, "b": 0.5}
    told = refused({"a": given(50.0), "b": given(80.0)}, half, ring)
    assert f"`{node}`: energy_cap_equals is 50 in `a`, 80 in `b`" in told
    place, tech = node.split("::")
    assert f"locations.{place}.techs.{tech}.constraints.energy_cap_equals: 80" in told
    assert other not in told
    assert CoupledYears({"a": given(50.0), "b": given(50.0)}, half, ring, CouplingConfig())
