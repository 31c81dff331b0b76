"""The search's true cost beside Ipopt's on the same non-linear problem, written independently."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from benchmarks import compare_coupling

from anello.coupling.config import CouplingConfig
from anello.coupling.district import CoupledDistrict
from anello.model.definition import read_model
from anello.ring.config import RingConfig

pytest.importorskip("casadi", reason="casadi brings Ipopt; it is only used in this test")
from embedded_model import embedded_model
from ipopt_cases import CASES, held_against_ipopt
from ipopt_district import neutral_start, nonlinear_programme, start_from
from ring_districts import coupled

# A fortnight and a month agree as three days do: docs/explanation/coupling-comparison.md.
DAYS = int(os.environ.get("ANELLO_IPOPT_DAYS", "3"))
# Longer, and from more starts, these are in a table of that page: benchmarks/against_ipopt.py.
DAYS_OF_DEVICES = 2

SPAN = ["2015-07-01", f"2015-07-{DAYS:02d}"]


def embedded(folder: Path, root: Path):
    """The embedded district's smart scenario at the start of July."""
    model = embedded_model(folder)
    settings = yaml.safe_load((root / "config" / "config.yaml").read_text(encoding="utf-8"))
    ring = settings["ring"]
    changes = settings["scenario_definitions"]["smart"]["ring"]["heat_pumps"]
    for name, change in changes.items():
        ring["heat_pumps"][name].update(change)
    data = read_model(model, scenario="smart", override_dict={"model.subset_time": SPAN})
    return data, RingConfig.model_validate(ring)


@pytest.fixture(scope="module", params=["embedded", "original"])
def district(request, tmp_path_factory, repo_root: Path):
    """A district at the start of July, and its ring."""
    if request.param == "embedded":
        return embedded(tmp_path_factory.mktemp("district") / "model", repo_root)
    return compare_coupling.original(request.getfixturevalue("iccep2019") / "smart", SPAN)


def test_as_good_as_ipopt(district):
    data, ring = district
    outcome = CoupledDistrict(data, ring, CouplingConfig()).run()
    found_eur = outcome.best.cost.total_eur - outcome.best.state.investment_eur
    programme = nonlinear_programme(data, ring)
    if DAYS <= 14:
        ipopt_eur, values = programme.solve(neutral_start(data, ring))
    else:  # too long to begin anywhere: can Ipopt make the search's own dispatch cheaper?
        near = {"mu_init": 1e-4, "bound_push": 1e-6, "bound_frac": 1e-6}
        start = start_from(data, ring, outcome.best)
        ipopt_eur, values = programme.solve(start, **near)
    ratio = found_eur / ipopt_eur
    print(f"{DAYS} days: SLP {found_eur:.2f} €, Ipopt {ipopt_eur:.2f} €: {ratio:.5f}")
    assert ratio <= 1.002
    # A programme that knew less than the simulation would be far below.
    assert ratio >= 0.995
    low, high = ring.bounds_degc
    assert values["ring"].min() >= low - 1e-3
    assert values["ring"].max() <= high + 1e-3


@pytest.mark.parametrize(("mass_kg", "within"), [(None, 1.002), (1e5, 1.002), (2e4, 1.005)])
def test_a_small_ring_as_good_as_ipopt(mass_kg, within):
    """With a loss, and down to a third of the water that its wells could warm in an hour."""
    district = coupled(15, mass_kg=mass_kg)
    best = district.run().best
    data, ring = district.data, district.ring
    assert ring.loss.ua_kw_per_k > 0.0
    programme = nonlinear_programme(data, ring)
    starts = neutral_start(data, ring), start_from(data, ring, best)
    ipopt_eur = min(programme.solve(start)[0] for start in starts)
    assert 0.995 <= best.cost.total_eur / ipopt_eur <= within


@pytest.mark.parametrize("name", CASES)
def test_every_device_as_good_as_ipopt(name):
    held = held_against_ipopt(CASES[name], DAYS_OF_DEVICES, everywhere=False)
    # The model for Ipopt, written apart, is the simulation's.
    assert held.again_eur == pytest.approx(held.search_eur, rel=1e-6)
    assert held.programme_eur == pytest.approx(held.ipopt_eur, rel=1e-6)
    assert held.apart_k < 1e-5
    assert 0.995 <= held.ratio <= 1.002
    assert held.search_eur <= held.fixed_point_eur
