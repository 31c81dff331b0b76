"""Exchangers for free cooling that have a size: conductance, price, settings, and bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.coupling.exchange_file import read_linearisation, write_cop
from anello.coupling.exchanger_sizes import exchangers_by_size
from anello.coupling.iteration import with_cop
from anello.coupling.plant_sizes import open_sizes, size_bounds
from anello.district import load_district
from anello.district.config import parse_district
from anello.district.model_folder import write_district
from anello.district.pipes import with_pipes
from anello.district.project import run_settings
from anello.errors import ConfigError, InputError
from anello.model.schema.yaml_reader import read_settings
from anello.optimise.formulation.ring_rows import (
    OUTPUT_BY_SIZE,
    POINT_AWAY,
    POINTS,
    SIZE_PER_REACH,
)
from anello.present.report.differences import ring_note
from anello.ring.capital import RingCosts, annuity, ring_capital
from anello.ring.config import RingConfig
from anello.ring.cop_config import FreeCooling
from anello.ring.exchanger_parts import exchangers
from anello.ring.free_cooling import VALVE
from anello.ring.plant_sizes import priced, to_choose, with_sizes
from anello.run.config import parse_config
from ring_districts import random_district
from small_steps import searched

EXCHANGER = {"effectiveness": 0.8, "spread_k": 5.0, "design_kw": 100.0}
PART = "hp_cold.free_cooling"
COSTS = {
    "interest_rate": 0.04,
    "free_cooling": {
        "capital_eur_per_kw_k": 120.0,
        "lifetime_years": 20.0,
        "maintenance_share_per_year": 0.02,
    },
}


def ring(**changes) -> RingConfig:
    pump = {
        "service": "cooling",
        "cop_map": {"kind": "carnot"},
        "use_temperature": {"kind": "fixed", "degc": 16.0},
        "free_cooling": {**EXCHANGER, **changes},
    }
    return RingConfig.model_validate({"heat_pumps": {"hp_cold": pump}})


def test_conductance_and_effectiveness_are_those_of_counterflow():
    """ε = 0.8 has 4 NTU; 100 kW at 5 K flow with 20 kW/K; half of 80 kW/K has 2 NTU, ε = 2/3."""
    whole = FreeCooling.model_validate(EXCHANGER)
    assert whole.ua_kw_per_k == pytest.approx(80.0)
    half = whole.of_size(0.5)
    assert half.ua_kw_per_k == pytest.approx(40.0)
    assert half.effectiveness == pytest.approx(2.0 / 3.0)
    assert whole.of_size(1.0).effectiveness == pytest.approx(0.8)
    assert whole.of_size(0.0) is None
    assert FreeCooling().ua_kw_per_k is None


def test_an_exchanger_is_part_of_what_the_ring_costs():
    found = ring_capital(ring(), RingCosts.model_validate(COSTS), 876.0)
    (part,) = found.parts
    assert (part.name, part.build_eur) == (PART, pytest.approx(80.0 * 120.0))
    assert part.capital_eur == pytest.approx(9600.0 * annuity(0.04, 20.0) * 0.1)
    assert part.maintenance_eur == pytest.approx(9600.0 * 0.02 * 0.1)
    offered = ring_capital(ring(build_eur=5000.0), RingCosts.model_validate(COSTS), 876.0)
    assert offered.build_eur == 5000.0


@pytest.mark.parametrize(
    ("changes", "costs"), [({"design_kw": None}, COSTS), ({}, {}), ({"design_kw": None}, {})]
)
def test_an_exchanger_without_a_price_is_told_as_missing(changes, costs):
    found = ring_capital(ring(**changes), RingCosts.model_validate(costs), 8760.0)
    assert found.parts == ()
    assert PART in found.missing


def test_a_size_has_the_price_of_its_conductance():
    costs = RingCosts.model_validate(COSTS)
    told = priced(ring(size={"least": 0.2}), costs)
    yearly = 9600.0 * (annuity(0.04, 20.0) + 0.02)
    assert to_choose(told)[PART].eur_per_year == pytest.approx(yearly)
    found = open_sizes(told, 87.6)[PART]
    assert (found.least, found.most, found.eur) == (0.2, 1.5, pytest.approx(yearly / 100.0))
    built = with_sizes(told, {PART: 0.25})
    assert exchangers(built)[PART].effectiveness == pytest.approx(0.5)
    assert to_choose(built) == {}
    assert ring_capital(built, costs, 8760.0).build_eur == pytest.approx(2400.0)
    assert exchangers(with_sizes(told, {PART: 0.0})) == {}


def test_a_size_of_a_list_is_made_exactly_and_keeps_its_price():
    costs = RingCosts.model_validate(COSTS)
    told = priced(ring(size={"one_of": [0, 0.5, 1], "one_of_eur": [0, 3000.0, 9000.0]}), costs)
    share = annuity(0.04, 20.0) + 0.02
    found = open_sizes(told, 8760.0)[PART]
    assert found.eur_of == pytest.approx([0.0, 3000.0 * share, 9000.0 * share])
    built = with_sizes(told, {PART: 0.4999999})
    assert exchangers(built)[PART].ua_kw_per_k == pytest.approx(40.0, rel=1e-12)
    assert ring_capital(built, costs, 8760.0).build_eur == 3000.0
    assert exchangers(with_sizes(told, {PART: 0.0})) == {}


def open_district(size, **options):
    """A district on its way to the optimum, and the row of a heat pump with an open exchanger."""
    free = {"spread_k": 6.0, "design_kw": 100.0, "size": size}
    district, done, about = searched(3, free_cooling=free, **options)
    row = next(k for k, part in enumerate(district.rows.free_cooling) if part)
    return district, done, about, row


def share_of(about, row, effectiveness):
    """The share of the load that an exchanger takes, and its slope by the effectiveness."""
    per = 1.0 - (about.source_degc[row] - about.use_degc[row]) / 6.0
    free = effectiveness * per
    inside = (free > VALVE) & (free < 1.0)
    return inside, free - VALVE / 2.0, per


def numbers(district, about):
    """Numbers of the next programme, and bounds of its rows."""
    values: dict = {}
    row_bounds: dict = {}
    exchangers_by_size(district.ring, district.rows, about, values, row_bounds)
    return values, row_bounds


def units(size):
    """ε of a share of an exchanger with 4 NTU."""
    return 4.0 * size / (1.0 + 4.0 * size)


def test_a_point_near_the_incumbents_adds_the_derivative_by_hand():
    """dq/ds = q·COP·(1/COP_alone − e)·dφ/dε·dε/ds, with ε = 4s/(1 + 4s)."""
    district, _, about, row = open_district({"eur_per_year": 900.0})
    ((part, size),) = about.plant_sizes.items()
    values, row_bounds = numbers(district, about.with_trust_region(1e-3))
    reach = 1.5 * 1e-3 / 4.0
    inside, share, per = share_of(about, row, units(size))
    cop = about.cop[row]
    # What the compressor alone does follows from the COP of both.
    alone = (1.0 - share) / (1.0 / cop - 0.02 * share)
    slope = about.output_kwh[row] * cop * (1.0 / alone - 0.02) * per * 4.0 / (1.0 + 4.0 * size) ** 2
    assert (inside & (about.output_kwh[row] > 0)).sum() > 5
    for name, away in POINTS.items():
        more = values[OUTPUT_BY_SIZE][f"{about.nodes[row]}|{name}"]
        assert more[inside] == pytest.approx((slope * away * reach)[inside], rel=2e-3, abs=1e-12)
        assert values[POINT_AWAY][f"{part}|{name}"] == pytest.approx(away)
    assert values[SIZE_PER_REACH][part] == pytest.approx(1.0 / reach)
    assert row_bounds["ring_size_between"][0] == pytest.approx([-size / reach])
    assert part == district.rows.free_cooling[row]


def test_each_size_has_its_electricity():
    """At the incumbent's output: q·(1/COP − 1/COP of the other), times the COP of the row."""
    size = {"one_of": [0, 0.3, 1.0], "eur_per_year": 900.0}
    district, _, about, row = open_district(size)
    ((_, now),) = about.plant_sizes.items()
    values, row_bounds = numbers(district, about)
    assert row_bounds == {}
    kwh, cop = about.output_kwh[row], about.cop[row]
    was, before, _ = share_of(about, row, units(now))
    alone = (1.0 - before) / (1.0 / cop - 0.02 * before)
    for one in (0, 0.3, 1.0):
        more = values[OUTPUT_BY_SIZE][f"{about.nodes[row]}|{one:g}"]
        if one == now:
            assert more == pytest.approx(0.0, abs=1e-9)
            continue
        inside, share, _ = share_of(about, row, units(one))
        share = share if one else np.zeros_like(share)
        power = share * 0.02 + (1.0 - share) / alone
        known = was & (inside | (one == 0))
        assert known.any()
        assert more[known] == pytest.approx((kwh * cop * (1.0 / cop - power))[known], rel=1e-6)


def test_the_first_programme_takes_the_size_described():
    district, _, about, row = open_district({"eur_per_year": 1e6}, steps=1)
    part = district.rows.free_cooling[row]
    assert about.plant_sizes[part] == pytest.approx(1.0, abs=1e-5)
    least, most = size_bounds(district.rows, about.plant_sizes, 1.0)
    assert (least[0], most[0]) == (pytest.approx(0.625, rel=1e-5), pytest.approx(1.375, rel=1e-5))
    assert size_bounds(district.rows, {part: 0.6}, 8.0)[0][0] == 0.3  # no less than half at once
    assert size_bounds(district.rows, {part: 0.04}, 8.0)[0][0] == 0.0
    fresh = with_cop(district.ring, about.nodes, about.cop)
    assert numbers(district, fresh) == ({}, {})


def test_an_exchanger_that_was_left_out_comes_back():
    district, done, about, row = open_district({"eur_per_year": 20.0}, steps=1)
    part = district.rows.free_cooling[row]
    without = district.iterate(1, replace(about, plant_sizes={part: 0.0}))
    assert float(without.dispatch["ring_size"].sum()) > 0.1
    values, _ = numbers(district, replace(about, plant_sizes={part: 0.0}))
    below = values[OUTPUT_BY_SIZE][f"{about.nodes[row]}|-0.6"]
    assert not below.any()  # there is none of less than no size
    assert done.ring.free_kw.any()


def test_what_nobody_would_pay_for_is_left_out():
    data, told = random_district(
        3, free_cooling={"spread_k": 6.0, "design_kw": 100.0, "size": {"eur_per_year": 1e6}}
    )
    done = CoupledDistrict(data, told, CouplingConfig()).run(must_converge=False).best
    assert float(done.dispatch["ring_size"].max()) == pytest.approx(0.0, abs=1e-6)
    assert not done.ring.free_kw.any()


def test_an_incumbent_survives_its_file(tmp_path):
    _, done, about, _ = open_district({"eur_per_year": 900.0})
    file = tmp_path / "cop.nc"
    write_cop(file, dict(zip(about.nodes, about.cop, strict=True)), done.flows.times, about)
    found = read_linearisation(file)
    assert found.use_degc == pytest.approx(about.use_degc)
    assert found.plant_sizes == about.plant_sizes


def test_the_report_names_exchangers_with_a_price_and_those_without():
    def note(**ring):
        told = {"ring": {}, "whole_cost": {"ring": {"to_build_by_part": {}, "missing": []} | ring}}
        return ring_note({"smart": told})

    assert "the ring's exchanger for free cooling (hp_cold)." in note(to_build_by_part={PART: 5.0})
    missing = note(missing=[PART, "pipes"])
    assert "Missing: its exchanger for free cooling (hp_cold) and pipes" in missing
    assert "needs its <code>design_kw</code>; the settings describe no pipes" in missing
    assert "(the settings describe no pipes, or do not price them)" in note(missing=["pipes"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"design_kw": None, "size": {}}, r"free_cooling\.size` needs `free_cooling\.design_kw"),
        ({"design_kw": None, "build_eur": 5.0}, r"build_eur` needs `free_cooling\.design_kw"),
        ({"effectiveness": 1.0}, "without end"),
        ({"size": {}, "build_eur": 5.0}, "price of a given size"),
        ({"size": {"least": 2.0}}, "least ≤ most"),
        ({"size": {"one_of": [1.0]}}, "two sizes or more"),
        ({"design_kw": 1e9}, "not possible"),
    ],
)
def test_exchangers_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        ring(**changes)


def test_a_size_without_a_price_is_refused():
    free = {"design_kw": 100.0, "size": {}}
    with pytest.raises(InputError, match=r"hp_cooling_a\.free_cooling\.size\.eur_per_year"):
        CoupledDistrict(*random_district(3, free_cooling=free), CouplingConfig())


def settings_with(repo_root, exchanger, costs=None):
    settings = read_settings(repo_root / "config" / "config.yaml")
    settings["ring"]["heat_pumps"]["hp_cooling"]["free_cooling"] = exchanger
    if costs is not None:
        settings["ring_costs"] = costs
    return settings


def test_settings_without_a_price_are_refused_with_their_scenario(repo_root):
    settings = settings_with(repo_root, {**EXCHANGER, "size": {}}, {})
    with pytest.raises(ConfigError, match=r"(?s)hp_cooling\.free_cooling\.size.*ring_costs\.free"):
        parse_config(settings)


def test_a_fixed_point_cannot_choose_an_exchanger(repo_root):
    settings = settings_with(repo_root, {**EXCHANGER, "size": {}})
    settings["coupling"] = {"method": "fixed_point"}
    with pytest.raises(ConfigError, match=r"free_cooling\.size` are chosen by a programme"):
        parse_config(settings)
    settings["ring"]["heat_pumps"]["hp_cooling"]["free_cooling"]["size"] = None
    given = parse_config(settings).scenario("smart").ring
    assert exchangers(given)["hp_cooling.free_cooling"].ua_kw_per_k == pytest.approx(80.0)


# A description


OFFICES = {"buildings": [{"use": "office", "floor_area_m2": 900}]}
TANK = {"volume_m3": 20, "temperature_min_degc": 6, "temperature_max_degc": 14}


def described(tmp_path, places, **exchanger):
    content = {"name": "Offices", "locations": places, "free_cooling": exchanger}
    config = parse_district({"site": {"latitude_deg": 45.46, "longitude_deg": 9.19}, **content})
    folder = write_district(config, tmp_path / "model")
    peaks = {
        name: float(place.demand_kw["cooling"].max())
        for name, place in folder.series.locations.items()
    }
    return run_settings(config, folder, "x.yaml"), peaks


def test_a_described_exchanger_is_designed_for_the_peaks_and_free_in_designed(tmp_path):
    settings, peaks = described(tmp_path, {"quay": OFFICES, "hill": OFFICES}, spread_k=4.0)
    config = parse_config(settings)
    for name in ("baseline", "designed"):
        told = exchangers(config.scenario(name).ring)["hp_cooling.free_cooling"]
        assert told.spread_k == 4.0
        assert told.design_kw == pytest.approx(sum(peaks.values()), abs=0.06)
        assert (told.size is not None) == (name == "designed")
    scenario = config.scenario("designed")
    capital = ring_capital(scenario.ring, scenario.ring_costs, 8760.0)
    (part,) = [part for part in capital.parts if part.name == "hp_cooling.free_cooling"]
    assert part.build_eur == pytest.approx(100.0 * told.ua_kw_per_k)
    assert to_choose(scenario.ring)["hp_cooling.free_cooling"].eur_per_year == pytest.approx(
        part.capital_eur + part.maintenance_eur
    )
    trees = with_pipes(settings, {"ring": {"model": "two_pipe"}}, tmp_path, {}, "designed")
    assert "ring" not in trees["scenario_definitions"]["designed"]
    assert "free_cooling" not in settings["ring"]["heat_pumps"]["hp_heating"]


def test_an_exchanger_is_shared_out_where_some_places_have_a_tank(tmp_path):
    places = {"quay": {**OFFICES, "tanks": {"cooling": TANK}}, "hill": OFFICES}
    limits = {"size": {"most": 2.0}, "design_kw": 50.0}
    settings, peaks = described(tmp_path, places, **limits)
    found = exchangers(parse_config(settings).scenario("designed").ring)
    share = peaks["quay"] / sum(peaks.values())
    assert found["quay::hp_cooling.free_cooling"].design_kw == pytest.approx(50.0 * share, abs=0.06)
    assert found["hp_cooling.free_cooling"].design_kw == pytest.approx(
        50.0 * (1.0 - share), abs=0.06
    )
    assert {one.size.most for one in found.values()} == {2.0}
    base = exchangers(parse_config(settings).scenario("baseline").ring)
    assert base["hp_cooling.free_cooling"].design_kw == 50.0


def test_an_exchanger_without_end_or_with_an_offer_is_given(tmp_path):
    for number, told in enumerate(({"effectiveness": 1.0}, {"build_eur": 7000.0})):
        settings, _ = described(tmp_path / str(number), {"quay": OFFICES}, **told)
        scenario = parse_config(settings).scenario("designed")
        assert not any("free_cooling" in part for part in to_choose(scenario.ring))
        costs = ring_capital(scenario.ring, scenario.ring_costs, 8760.0)
        eur = {part.name: part.build_eur for part in costs.parts}
        assert eur.get("hp_cooling.free_cooling") == told.get("build_eur")


def test_a_district_without_an_exchanger_has_none(tmp_path):
    settings = run_settings(load_district(), write_district(load_district(), tmp_path / "m"), "x")
    assert not exchangers(parse_config(settings).scenario("designed").ring)
