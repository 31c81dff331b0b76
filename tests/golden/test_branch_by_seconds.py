"""A loop with one branch, and one on that, against water in cells that move every few seconds.

The simulation below shares no code with the package: each pipe is a row of equal cells, all water
of a junction mixes in each short step, and every cell loses heat by its own temperature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from anello.ring import simulate
from branched_loops import branched, pipe
from plain_loops import dispatch

KJ_PER_KGK, KG_PER_M3 = 4.182, 998.0  # of water
SHARES, LENGTHS = (0.4, 0.5), {"loop": 2500.0, "b": 900.0, "c": 700.0}
START_DEGC, GROUND_DEGC = 15.0, 8.0


@dataclass
class Cells:
    """A pipe as a row of cells; each step one of them comes out, and one goes in."""

    degc: np.ndarray
    keeps: float

    def out(self) -> float:
        return float(self.degc[-1])

    def push(self, inlet_degc: float) -> None:
        self.degc = np.concatenate([[inlet_degc], self.degc[:-1]])
        self.degc = GROUND_DEGC + (self.degc - GROUND_DEGC) * self.keeps


def cells(length_m: float, diameter_m: float, kg_s: float, loss: float, step_s: float) -> Cells:
    """A pipe cut so that its flow moves a cell in a step."""
    kg_per_m = KG_PER_M3 * np.pi * diameter_m**2 / 4.0
    count = round(length_m * kg_per_m / (kg_s * step_s))
    assert count >= 20
    rate_per_s = loss / (kg_per_m * KJ_PER_KGK * 1000.0)
    return Cells(np.full(count, START_DEGC), float(np.exp(-rate_per_s * step_s)))


def by_seconds(
    heat_kw: np.ndarray, *, flow: float, shares: tuple[float, float], pipes: dict, step_s: float
) -> dict[str, np.ndarray]:
    """Water that arrives at s0, s1, the branch's end b and the end c of the branch on it.

    Returns hourly means of what arrives [°C], and the heat of all water at full hours [kWh].
    """
    run = {
        name: cells(length, diameter, flow * share, loss, step_s)
        for name, (length, diameter, loss, share) in pipes.items()
    }
    mass_kj = {name: flow * share * step_s * KJ_PER_KGK for name, (_, _, _, share) in pipes.items()}
    hours = heat_kw.shape[1]
    each = round(3600.0 / step_s)
    arrives = {place: np.zeros(hours) for place in ("s0", "s1", "b", "c")}
    held = np.zeros(hours + 1)

    def all_heat() -> float:
        return sum(mass_kj[name] * one.degc.sum() for name, one in run.items()) / 3600.0

    held[0] = all_heat()
    first, second = shares
    for hour in range(hours):
        for _ in range(each):
            ways = {name: one.out() for name, one in run.items()}
            met = {"s0": ways["s1-s0"], "s1": ways["s0-s1"], "b": ways["to b"], "c": ways["to c"]}
            for place, degc in met.items():
                arrives[place][hour] += degc / each
            flows = {"s0": flow, "s1": flow, "b": flow * first, "c": flow * first * second}
            left = {
                place: degc + heat_kw[number, hour] / (flows[place] * KJ_PER_KGK)
                for number, (place, degc) in enumerate(met.items())
            }
            run["to c"].push(left["b"])
            run["from c"].push(left["c"])
            run["to b"].push(left["s0"])
            run["from b"].push((1.0 - second) * left["b"] + second * ways["from c"])
            run["s0-s1"].push((1.0 - first) * left["s0"] + first * ways["from b"])
            run["s1-s0"].push(left["s1"])
        held[hour + 1] = all_heat()
    return {**arrives, "held_kwh": held}


def by_package(heat_kw: np.ndarray, *, flow=6.0, loss: float = 0.0, lengths=LENGTHS):
    """The same loop as the package simulates it; the branch on a branch comes first."""
    off = {"heat_loss_w_per_mk": loss}
    config = branched(
        [
            {"start": "b", "end": "c", "share": SHARES[1], "heat_pumps": ["l2"]}
            | pipe(lengths["c"], 0.1, **off),
            {"start": "s0", "end": "b", "share": SHARES[0], "heat_pumps": ["l3"]}
            | pipe(lengths["b"], 0.15, **off),
        ],
        flow=flow,
        length_m=lengths["loop"],
        loss=loss,
        ground={"kind": "fixed", "degc": GROUND_DEGC},
    )
    # The COP is 4: heating takes three quarters of its output, cooling gives five quarters.
    heat_kw = heat_kw[[0, 1, 3, 2]]
    taken, given = np.maximum(-heat_kw, 0.0) / 0.75, np.maximum(heat_kw, 0.0) / 1.25
    return simulate(config, dispatch(taken, given))


def by_cells(heat_kw: np.ndarray, *, loss: float = 0.0, lengths=LENGTHS, step_s: float = 5.0):
    """The same loop in cells, at 6 kg/s."""
    first, second = SHARES
    pipes = {
        "s0-s1": (lengths["loop"], 0.2, loss, 1.0),
        "s1-s0": (lengths["loop"], 0.2, loss, 1.0),
        "to b": (lengths["b"], 0.15, loss, first),
        "from b": (lengths["b"], 0.15, loss, first),
        "to c": (lengths["c"], 0.1, loss, first * second),
        "from c": (lengths["c"], 0.1, loss, first * second),
    }
    return by_seconds(heat_kw, flow=6.0, shares=SHARES, pipes=pipes, step_s=step_s)


def slow_heat(hours: int, largest_kw: float = 12.0) -> np.ndarray:
    """Heat into the water that swings over a day, each place at its own time [kW]."""
    hour = np.arange(hours)
    return largest_kw * np.array(
        [np.sin(2 * np.pi * (hour - late) / 24.0) - 0.3 for late in (0.0, 5.0, 10.0, 15.0)]
    )


def arriving(found, place: int) -> np.ndarray:
    """What the heat pumps at a place met [°C]."""
    return found.source_degc[2 * place]


PLACES = {"s0": 0, "s1": 1, "c": 2, "b": 3}


@pytest.mark.parametrize("loss", [0.0, 1.5])
def test_slowly_varying_heat_arrives_everywhere_as_in_cells(loss):
    heat = slow_heat(72)
    found, told = by_package(heat, loss=loss), by_cells(heat, loss=loss)
    swing = np.ptp(told["c"])
    assert swing > 3.0
    for name, place in PLACES.items():
        np.testing.assert_allclose(
            arriving(found, place), told[name], atol=0.03 * swing, err_msg=name
        )
    capacity = told["held_kwh"][0] / START_DEGC
    assert found.capacity_kwh_per_k == pytest.approx(capacity, rel=0.01)
    np.testing.assert_allclose(found.temperature_degc, told["held_kwh"] / capacity, atol=0.03)


def test_water_runs_the_other_way_as_in_cells():
    """With nobody at the other substation, the way makes no difference to the other places."""
    heat = slow_heat(48)
    heat[1] = 0.0
    back, told = by_package(heat, flow=-6.0), by_cells(heat)
    for name in ("s0", "b", "c"):
        np.testing.assert_allclose(
            arriving(back, PLACES[name]), told[name], atol=0.25, err_msg=name
        )
    found = by_package(heat)
    np.testing.assert_allclose(back.temperature_degc, found.temperature_degc, atol=1e-9)


def test_proportional_flow_at_its_least_is_the_fixed_one():
    heat = slow_heat(30)
    flow = {"kind": "proportional", "kg_s_per_kw": 1e-3, "min_kg_s": 6.0}
    follows, fixed = by_package(heat, flow=flow), by_package(heat)
    np.testing.assert_allclose(follows.node_degc, fixed.node_degc, rtol=1e-12)


def test_a_very_long_branch_does_not_give_back_what_it_took():
    """Its end is as warm as it was; of the steps in the heat each place makes an hour's slope."""
    heat = np.zeros((4, 24))
    heat[0] = 20.0
    lengths = LENGTHS | {"b": 40_000.0}
    found, told = by_package(heat, lengths=lengths), by_cells(heat, lengths=lengths, step_s=10.0)
    for end in ("b", "c"):
        np.testing.assert_allclose(arriving(found, PLACES[end]), START_DEGC, atol=1e-9)
    for name, place in PLACES.items():
        np.testing.assert_allclose(arriving(found, place), told[name], atol=0.1, err_msg=name)


def test_a_year_keeps_its_energy():
    """What goes in is in the water or in the ground, hour by hour."""
    heat = slow_heat(8760, 8.0)
    found = by_package(heat, loss=1.5)
    stored = found.capacity_kwh_per_k * np.diff(found.temperature_degc)
    balance = heat.sum(axis=0) - found.loss_kw - stored
    assert np.abs(balance).max() < 1e-6 * np.abs(heat).sum(axis=0).max()
    # A day of the last week is like any other: its loss is what goes in.
    assert found.loss_kw[-24:].sum() == pytest.approx(heat[:, -24:].sum(), rel=1e-3)
