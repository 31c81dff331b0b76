"""Two pipes in meshes: water divides by pressure; and the pump at the plant."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from anello.errors import EnergyAuditError
from anello.present.report.tree_view import tree_payload
from anello.ring import simulate
from anello.ring.adapt import ring_dataset
from anello.ring.hydraulics import GRAVITY_M_S2, pressure_loss_pa
from anello.ring.two_pipe_network import seen_from_plant
from anello.ring.two_pipe_pressure import Pressures
from two_lines import any_network, branch, dispatch, ring

TRIANGLE = [("plant", "a"), ("plant", "b"), ("a", "b")]


def triangle(*lengths_m: float, **changes):
    return ring(
        [branch(*ends, length_m=far) for ends, far in zip(TRIANGLE, lengths_m, strict=True)],
        **changes,
    )


def pressures(config) -> Pressures:
    return Pressures(
        config.two_pipe, config.medium, seen_from_plant(config.two_pipe, config.medium)
    )


@pytest.mark.parametrize("kg_s", [1e-5, 0.02, 0.3, 7.0, 90.0])
def test_water_takes_two_ways_so_that_both_lose_as_much(kg_s):
    """From laminar to rough: the share of each way, by a root of its own."""
    config = triangle(300.0, 500.0, 400.0)
    there, *aside = config.two_pipe.branches

    def gap(share: float) -> float:
        first, second = np.array([share * kg_s]), np.array([(1 - share) * kg_s])
        other = sum(pressure_loss_pa(pipe, second, config.medium)[0] for pipe in aside)
        return pressure_loss_pa(there, first, config.medium)[0] - other

    share = brentq(gap, 0.0, 1.0, xtol=1e-14)
    found = pressures(config).branch_kg_s(np.array([0.0, kg_s, 0.0]))
    assert found == pytest.approx(np.array([share, 1 - share, share - 1]) * kg_s, rel=1e-6)


def test_laminar_water_divides_like_a_current():
    """Loss is proportional to flow, so that the ways share by their lengths: 900 m to 300 m."""
    found = pressures(triangle(300.0, 500.0, 400.0)).branch_kg_s(np.array([0.0, 0.01, 0.0]))
    assert found == pytest.approx(np.array([0.75, 0.25, -0.25]) * 0.01, rel=1e-6)


def test_a_ring_with_the_same_on_both_sides_is_the_tree_of_its_halves():
    meshed, tree = (
        triangle(300.0, 300.0, 400.0),
        ring([branch(*ends, length_m=300.0) for ends in TRIANGLE[:2]]),
    )
    loads = dispatch({"a::hp": np.full(9, 60.0), "b::hp": np.full(9, 60.0)})
    ours, theirs = simulate(meshed, loads), simulate(tree, loads)
    assert ours.branch_kg_s[2] == pytest.approx(np.zeros(9), abs=1e-9)
    assert ours.branch_kg_s[:2] == pytest.approx(theirs.branch_kg_s)
    assert ours.node_degc == pytest.approx(theirs.node_degc)
    assert ours.pump_kw == pytest.approx(theirs.pump_kw)


def content_pa_kg_s(of: Pressures, flow_kg_s: np.ndarray) -> float:
    """Return ∫ Δp·dm of the pipes of one line, by quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(600)
    pipes = [of.config.branches[number] for number in of.shape.order]
    halves = np.abs(flow_kg_s) / 2.0
    return sum(
        half * float(weights @ pressure_loss_pa(pipe, half * (nodes + 1.0), of.medium))
        for pipe, half in zip(pipes, halves, strict=True)
    )


MESHED = [
    seed for seed in range(40) if len(pressures(any_network(seed, meshed=True)[0]).shape.meshes)
]


@pytest.mark.parametrize("seed", MESHED[:10])
def test_flow_of_any_mesh_is_the_one_that_loses_least(seed):
    """Kirchhoff's law is where the content ∫ Δp·dm of all pipes has its least (Millar, 1951)."""
    of = pressures(any_network(seed, meshed=True)[0])
    shape = of.shape
    drawn = np.random.default_rng(seed).normal(size=len(shape.places))
    found = of.branch_kg_s(drawn)
    around = found[len(shape.places) - 1 :]
    least = minimize(
        lambda c: content_pa_kg_s(of, shape.behind @ drawn + shape.meshes.T @ c),
        around + 0.3,
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4000},
    )
    assert content_pa_kg_s(of, found) <= least.fun * (1 + 1e-6)
    assert least.x == pytest.approx(around, abs=2e-3)
    balance = -drawn
    np.add.at(balance, list(shape.far), found)
    np.subtract.at(balance, list(shape.near), found)
    assert balance[1:] == pytest.approx(np.zeros(len(balance) - 1), abs=1e-9)


@pytest.mark.parametrize("block", range(4))
def test_mass_and_energy_are_kept_in_any_mesh(block):
    for seed in range(25 * block, 25 * block + 25):
        config, data = any_network(seed, meshed=True)
        result = simulate(config, data)
        assert result.audit.relative <= 1e-6, seed
        assert result.audit.worst_step_kwh <= 1e-6 * max(result.audit.throughput_kwh, 1.0), seed
        assert result.second_law.violations == 0, seed


def test_water_that_comes_two_ways_mixes_to_their_mean():
    """All of it is the plant's, so that without losses the place is as warm in the end."""
    config = triangle(200.0, 2000.0, 100.0, warm_degc=16.0)
    result = simulate(config, dispatch({"a::hp": np.full(200, 400.0), "b::hp": np.zeros(200)}))
    at = result.place_names.index("a, warm")
    assert result.node_degc[-1, at] == pytest.approx(16.0)
    assert (result.branch_kg_s[:2, -1] > 0.0).all()
    assert result.branch_kg_s[2, -1] == pytest.approx(-result.branch_kg_s[1, -1])


def test_the_critical_path_is_the_way_that_the_water_goes():
    """Most water takes the wide side of a ring, although the narrow one is shorter."""
    config = ring(
        [
            branch("plant", "b", inner_diameter_m=0.05),
            branch("plant", "a", inner_diameter_m=0.3),
            branch("a", "c", inner_diameter_m=0.3),
            branch("b", "c", inner_diameter_m=0.3),
        ]
    )
    result = simulate(
        config, dispatch({"b::hp": np.full(2, 300.0), "a::hp": np.zeros(2), "c::hp": np.zeros(2)})
    )
    assert result.hydraulics.critical_path == ("plant → a", "a → c", "b → c")
    kpa = dict(
        zip(result.hydraulics.segments, result.hydraulics.pressure_loss_kpa[:, 0], strict=True)
    )
    assert kpa["plant → b"] == pytest.approx(kpa["plant → a"] + kpa["a → c"] + kpa["b → c"])
    assert result.hydraulics.head_m[0] == pytest.approx(
        (kpa["plant → b"] + 20.0) * 1000.0 / 999.0 / GRAVITY_M_S2
    )


def test_the_drawing_has_the_trench_that_closes_the_ring():
    config = triangle(300.0, 500.0, 400.0)
    found = ring_dataset(simulate(config, dispatch({"a::hp": [40.0] * 3, "b::ch": [90.0] * 3})))
    shown = tree_payload(config, found, np.zeros((3, 3)))
    assert [(one["near"], one["far"]) for one in shown["trenches"]] == [(0, 1), (0, 2), (1, 2)]
    taken = [unpacked(one["kg_s"])[0] for one in shown["stations"]]
    assert taken[0] == pytest.approx(-float(found["flow_kg_s"][0]), abs=1e-3)
    assert sum(taken) == pytest.approx(0.0, abs=1e-3)
    places = [(one["x"], one["y"]) for one in shown["stations"]]
    assert len(set(places)) == 3


def unpacked(told: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(told["data"]), "<i2") * told["scale"]


def test_a_search_for_the_flow_that_ends_nowhere_is_told(monkeypatch):
    monkeypatch.setattr("anello.ring.two_pipe_pressure._TRIES", 1)
    with pytest.raises(EnergyAuditError, match="round every mesh"):
        pressures(triangle(300.0, 500.0, 400.0)).branch_kg_s(np.array([0.0, 7.0, 1.0]))


# --- the pump at the plant ------------------------------------------------------------------------


def test_one_pump_gives_all_water_the_head_of_the_critical_path():
    config = ring([branch("plant", "a"), branch("plant", "b", length_m=50.0)], pumps_at="plant")
    result = simulate(config, dispatch({"a::hp": np.full(2, 90.0), "b::hp": np.full(2, 30.0)}))
    kpa, flow = result.hydraulics.pressure_loss_kpa[:, 0], result.branch_kg_s[:, 0]
    assert result.hydraulics.critical_path == ("plant → a",)
    assert result.hydraulics.head_m[0] == pytest.approx(
        (kpa[0] + 20.0) * 1000.0 / 999.0 / GRAVITY_M_S2
    )
    assert result.pump_kw[0] == pytest.approx((kpa[0] + 20.0) * flow.sum() / 999.0 / 0.5)


def test_a_substation_that_pushes_against_the_plant_has_a_pump_of_its_own():
    """It overcomes what the plant's pump gives, less what its water gains on the way it shares."""
    config = ring([branch("plant", "a"), branch("a", "b")], pumps_at="plant")
    result = simulate(config, dispatch({"a::hp": np.full(2, 200.0), "b::ch": np.full(2, 40.0)}))
    kpa, flow = result.hydraulics.pressure_loss_kpa[:, 0], result.branch_kg_s[:, 0]
    assert flow[0] > 0.0 > flow[1]
    central = kpa[0] + 20.0
    own = central - kpa[0] + kpa[1] + 20.0
    assert result.pump_kw[0] == pytest.approx((central * flow[0] - own * flow[1]) / 999.0 / 0.5)


def test_without_water_through_the_plant_substations_pump_for_themselves():
    heat = np.full(3, 50.0)
    loads = dispatch({"a::hp": heat, "b::ch": heat * 0.75 / 1.25})
    central, own = (
        simulate(ring([branch("plant", "a"), branch("a", "b")], pumps_at=at), loads)
        for at in ("plant", "substations")
    )
    assert central.flow_kg_s == pytest.approx(np.zeros(3), abs=1e-12)
    assert central.pump_kw == pytest.approx(own.pump_kw)


def test_heat_of_the_pump_at_the_plant_warms_the_water():
    loads = dispatch({"a::hp": np.full(50, 200.0)})
    config = ring([branch("plant", "a")], pumps_at="plant", pump_heat_to_water=True)
    result = simulate(config, loads)
    assert result.pump_heat_kw == pytest.approx(result.pump_kw)
    assert result.audit.relative <= 1e-9
