"""Branches of a loop: delay, loss and mixing in numbers known beforehand, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from anello.coupling.iteration import rows_of
from anello.district.pipes import with_pipes
from anello.errors import ConfigError, InputError
from anello.ring import RingConfig, second_law, simulate
from anello.ring.adjoint import sensitivity
from anello.ring.capital import RingCosts, ring_capital
from anello.ring.geometry import geometry
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.hydraulics import loop_hydraulics, pressure_loss_pa, pump_power_kw
from anello.ring.loop_tree import branch_flows
from anello.ring.plug_flow import Clock, plug_flow
from anello.ring.rounds import reached_share
from branched_loops import branched, pipe, random_tree
from plain_loops import dispatch, loop
from ring_districts import coupled, coupled_two_pipes
from wide_search import examples


@pytest.fixture(autouse=True)
def _any_machine(monkeypatch):
    """These loops test transport, also of water that is hotter than a machine could make it."""
    monkeypatch.setattr(second_law, "require", lambda found: found)


def off(share: float = 0.4, **more) -> dict:
    """A branch from s0 to b, with the heat pumps of the last location."""
    return {"start": "s0", "end": "b", "share": share, "heat_pumps": ["l2"], **pipe(), **more}


# --- one pipe -----------------------------------------------------------------------------------


def outlets(found, inlets):
    """The outlets of a pipe, and the heat that it holds."""
    outlet = found.constant_degc + found.passes * inlets
    outlet = outlet + np.bincount(
        found.step, found.share * inlets[found.source], minlength=inlets.size
    )
    left = np.bincount(found.step, found.left * inlets[found.source], minlength=inlets.size)
    held = np.zeros(inlets.size + 1)
    for step in range(inlets.size):
        held[step + 1] = found.fades[step] * held[step] + found.enters[step] * inlets[step]
        held[step + 1] += found.starts_kwh[step] - left[step]
    return outlet, held


@pytest.mark.parametrize("capacity", [0.05, 0.7, 3.0, 11.0])
@pytest.mark.parametrize("ua", [0.0, 0.3])
def test_plug_flow_is_that_of_many_small_parcels(capacity, ua):
    rng = np.random.default_rng(0)
    hours, flow = rng.uniform(0.5, 2.0, 12), rng.uniform(0.3, 3.0, 12)
    ground, inlets = rng.uniform(5.0, 15.0, 12), rng.uniform(5.0, 40.0, 12)
    found = plug_flow(Clock(hours, flow), capacity, ua, 0.5, ground, 20.0)
    outlet, held = outlets(found, inlets)
    # By brute force: each of many parcels from when it entered, step by step to when it leaves.
    times = np.concatenate([[0.0], np.cumsum(hours)])
    pumped = np.concatenate([[0.0], np.cumsum(0.5 * flow * hours)])
    still = found.still_degc
    for step in (0, 3, 7, 11):
        at = pumped[step] + (np.arange(20_000) + 0.5) / 20_000 * 0.5 * flow[step] * hours[step]
        leaves = np.interp(at, pumped, times)
        was_there = at < capacity
        enters = np.where(was_there, 0.0, np.interp(at - capacity, pumped, times))
        source = np.clip(np.searchsorted(times, enters, side="right") - 1, 0, 11)
        water = np.where(was_there, 20.0, inlets[source])
        now, rate = enters.copy(), ua / capacity
        for there in range(12):
            upto = np.minimum(leaves, times[there + 1])
            stay = np.maximum(upto - np.maximum(now, times[there]), 0.0)
            water = ground[there] + (water - ground[there]) * np.exp(-rate * stay)
        assert outlet[step] == pytest.approx(water.mean(), abs=2e-3)
    # What is lost is what the mean temperature loses: UA·∫(T − T_ground).
    content = capacity * still + held
    brought = 0.5 * flow * hours * (inlets - outlet) - np.diff(content)
    if ua == 0.0:
        np.testing.assert_allclose(brought, 0.0, atol=1e-9)
    else:
        middle = 0.5 * (content[1:] + content[:-1]) / capacity - ground
        np.testing.assert_allclose(brought.sum(), (ua * middle * hours).sum(), rtol=0.1)


def test_steady_loss_along_a_pipe_is_an_exponential():
    hours, flow = np.full(50, 1.0), np.full(50, 2.0)
    found = plug_flow(Clock(hours, flow), 3.3, 0.4, 0.25, np.full(50, 10.0), 15.0)
    outlet, held = outlets(found, np.full(50, 30.0))
    factor = np.exp(-0.4 / (0.25 * 2.0))
    assert outlet[-1] == pytest.approx(10.0 + 20.0 * factor, rel=1e-12)
    stored = 3.3 * found.still_degc[-1] + held[-1] - 3.3 * 10.0
    assert 0.4 * stored / 3.3 == pytest.approx(0.5 * 20.0 * (1.0 - factor), rel=1e-12)


# --- one branch ---------------------------------------------------------------------------------


def test_one_branch_has_its_delay_its_loss_and_its_mixing():
    """Ten steps of heat at its end; the loop is so long that nothing comes round."""
    loss, share, flow, length = 2.0, 0.4, 1.4, 900.0
    ground = {"kind": "fixed", "degc": 15.0}
    config = branched(
        [off(share, **pipe(length, 0.1, heat_loss_w_per_mk=loss))],
        flow=flow,
        length_m=40_000.0,
        ground=ground,
    )
    cool = np.zeros((3, 10))
    cool[2] = 40.0
    result = simulate(config, dispatch(np.zeros((3, 10)), cool))
    through = share * flow * WATER_KJ_PER_KGK
    water = config.medium.density_kg_per_m3 * np.pi * 0.05**2 * length * WATER_KJ_PER_KGK / 3600.0
    delay, rate = water / through, loss * length / 1000.0 / water
    rise = 40.0 * 1.25 / through
    assert 3.0 < delay < 5.0
    comes_back_degc = []
    for step in range(10):
        arrived = np.clip(step + 1.0 - delay, 0.0, 1.0)
        comes_back_degc.append(15.0 + arrived * rise * np.exp(-rate * delay))
    # The loop loses nothing, so its water holds what came back: Σ share·rise.
    held = np.cumsum(share * flow * WATER_KJ_PER_KGK * (np.array(comes_back_degc) - 15.0))
    total = geometry(config.loop, config.medium).capacity_kwh_per_k
    fresh = (rise * through) * np.ones(10)  # heat into the pipe back, each step
    lost = np.cumsum(result.loss_kw)
    np.testing.assert_allclose(
        total * (result.temperature_degc[1:] - 15.0), np.cumsum(fresh) - lost, rtol=1e-9
    )

    # In the pipe back: entered at rise, each part fades as long as it is in it.
    def inside(step):
        ages = np.minimum(step, delay)
        return through * rise * (1.0 - np.exp(-rate * ages)) / rate

    in_pipe = np.array([inside(step + 1.0) for step in range(10)])
    came_back = total * (result.temperature_degc[1:] - 15.0) - in_pipe
    np.testing.assert_allclose(came_back, held, rtol=1e-9, atol=1e-9)


def test_water_behind_a_junction_is_mixed_by_the_shares():
    """A loop short enough that the next substation sees the mixture in the same steps."""
    config = branched([off(0.3)], flow=5.0, length_m=400.0)
    cool = np.zeros((3, 12))
    cool[2] = 30.0
    result = simulate(config, dispatch(np.zeros((3, 12)), cool, step_h=0.25))
    water = geometry(config.loop, config.medium)
    sizes = np.diff(water.position_kwh_per_k)
    through = 5.0 * WATER_KJ_PER_KGK
    delay_h = sizes[3] / (0.3 * through) + sizes[0] / through  # back to s0, and on to s1
    first = int(np.ceil(delay_h / 0.25)) + 1
    round_h = sizes[:2].sum() / through
    last = int((round_h + sizes[2] / (0.3 * through)) / 0.25)
    assert first < last <= 12
    rise = 30.0 * 1.25 / through
    seen = result.node_degc[first:last, 1]
    np.testing.assert_allclose(seen, 15.0 + rise, rtol=1e-9)


def test_a_branch_of_no_length_is_a_substation_with_a_bypass():
    """What differs from a substation on the loop is the water of the branch, a thimbleful."""
    rng = np.random.default_rng(2)
    heat, cool = rng.uniform(0.0, 20.0, (2, 3, 40))
    short = branched([off(0.4, **pipe(1e-7))], flow=5.0)
    beside = simulate(short, dispatch(heat, cool))
    # The same heat into the loop itself.
    both = np.stack([heat, cool])
    both[:, 0] += both[:, 2]
    both[:, 2] = 0.0
    along = simulate(short, dispatch(*both))
    np.testing.assert_allclose(beside.temperature_degc, along.temperature_degc, atol=1e-9)
    np.testing.assert_allclose(beside.node_degc[:, :2], along.node_degc[:, :2], atol=1e-7)


def test_a_branch_that_nobody_uses_follows_the_loop():
    """Its water is that of the junction, later: the closed form of heat at s1 alone."""
    config = branched([off(0.4)], flow=5.0, length_m=20_000.0)
    cool = np.zeros((3, 20))
    cool[0] = 40.0  # at the junction, before the branch leaves
    result = simulate(config, dispatch(np.zeros((3, 20)), cool, step_h=0.05))
    through = 5.0 * WATER_KJ_PER_KGK
    sizes = np.diff(geometry(config.loop, config.medium).position_kwh_per_k)
    delay = sizes[2] / (0.4 * through) / 0.05
    assert delay > 1.0  # what passes within a step is read as it was at its start
    rise = 40.0 * 1.25 / through
    arrived = np.clip(np.arange(20) + 1.0 - delay, 0.0, 1.0)
    np.testing.assert_allclose(result.node_degc[:20, 2], 15.0 + rise * arrived, rtol=1e-9)


@pytest.mark.parametrize("flow", [5.0, -5.0])
def test_a_hardly_used_branch_leaves_the_loop_as_it_is(flow):
    """Against the loop of parcels, which does not mix: the same water, at constant heat."""
    cool = np.full((3, 60), 0.0)
    cool[0], cool[1] = 20.0, 5.0
    heat = np.zeros((3, 60))
    heat[1] = 26.0
    plain = simulate(loop(2, flow=flow, parcels=800), dispatch(heat[:2], cool[:2]))
    config = branched([off(1e-6, **pipe(1e-3))], flow=flow)
    tree = simulate(config, dispatch(heat, cool))
    np.testing.assert_allclose(tree.temperature_degc, plain.temperature_degc, atol=1e-3)
    np.testing.assert_allclose(tree.source_degc[:4, 20:], plain.source_degc[:, 20:], atol=0.05)


def test_the_nearest_substation_takes_the_water_before_the_branch_does():
    config = branched([off(0.5, **pipe(1e-6))], flow=5.0)
    cool = np.zeros((3, 3))
    cool[0] = 20.0
    result = simulate(config, dispatch(np.zeros((3, 3)), cool))
    warmer = result.q_ring_kw[:, 0].sum() / (5.0 * config.medium.kj_per_kgk)
    assert result.node_degc[0, 2] - result.node_degc[0, 0] == pytest.approx(warmer, rel=1e-4)
    still = simulate(config, dispatch(np.zeros((3, 3))))
    assert still.node_degc == pytest.approx(15.0)
    assert result.temperature_degc[1] > 15.0


# --- conservation -------------------------------------------------------------------------------


@settings(max_examples=examples(25), deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_energy_is_conserved_on_random_trees(seed):
    config, places = random_tree(seed)
    rng = np.random.default_rng(seed)
    heat, cool = rng.uniform(0.0, 15.0, (2, places, 30))
    result = simulate(config, dispatch(heat, cool))
    assert abs(result.audit.residual_kwh) <= 1e-6 * result.audit.throughput_kwh
    assert result.audit.worst_step_kwh <= 1e-6 * result.audit.throughput_kwh
    assert np.isfinite(result.node_degc).all()
    assert result.node_degc.shape == (31, places)


@settings(max_examples=examples(10), deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_without_heat_and_loss_water_keeps_its_temperature(seed):
    config, places = random_tree(seed, loss=False)
    quiet = config.model_copy(
        update={"loop": config.loop.model_copy(update={"pump_heat_to_water": False})}
    )
    result = simulate(quiet, dispatch(np.zeros((places, 20))))
    np.testing.assert_allclose(result.node_degc, 15.0, rtol=1e-12)
    np.testing.assert_allclose(result.temperature_degc, 15.0, rtol=1e-12)


def test_water_ends_at_the_temperature_of_the_ground():
    config = branched(
        [off(0.5, **pipe(100.0, 0.1, heat_loss_w_per_mk=60.0))],
        loss=60.0,
        ground={"kind": "fixed", "degc": 9.0},
    )
    result = simulate(config, dispatch(np.zeros((3, 400))))
    np.testing.assert_allclose(result.node_degc[-1], 9.0, atol=1e-6)
    assert (np.diff(result.temperature_degc) < 1e-12).all()
    assert (result.loss_kw >= -1e-9).all()


def test_a_broken_tree_does_not_pass_the_audit(monkeypatch):
    from anello.errors import EnergyAuditError
    from anello.ring.loop_tree_run import TreeRun

    sound = TreeRun.advance

    def leaky(self, field, step, heat_kw, *rest):
        return sound(self, field, step, 1.001 * heat_kw, *rest)

    monkeypatch.setattr(TreeRun, "advance", leaky)
    with pytest.raises(EnergyAuditError):
        simulate(branched([off()]), dispatch(np.full((3, 5), 10.0)))


# --- exchangers ---------------------------------------------------------------------------------


def wells_beside_a_slow_branch(step_h: float):
    """Temperatures and wells' heat by the hour; most water lies in a branch that hardly flows."""
    plant = {"control": "schedule", "wells": {"max_flow_kg_s": 20.0, "well_degc": 15.0}}
    stations = [{"name": "s0", "plant": True}, {"name": "s1", "heat_pumps": ["l0"]}]
    config = branched(
        [{"start": "s1", "end": "b", "share": 0.05, "heat_pumps": ["l1"], **pipe(800.0, 0.2)}],
        flow=20.0,
        length_m=50.0,
        ring={"plant": plant, "initial_degc": 12.0},
        substations=stations,
    )
    steps = round(24 / step_h)
    heat = np.repeat([[60.0], [3.0]], steps, axis=1)
    full = {"wells": np.full(steps, np.inf)}
    result = simulate(config, dispatch(heat, step_h=step_h), schedule=full)
    each = round(1 / step_h)
    return result.temperature_degc[::each], result.q_bal_kw["wells"].reshape(-1, each).mean(axis=1)


def test_wells_do_not_count_the_water_of_a_slow_branch_among_what_comes_round():
    """In hours as in steps of three minutes; else they would warm the loop beyond themselves."""
    coarse, fine = wells_beside_a_slow_branch(1.0), wells_beside_a_slow_branch(0.05)
    np.testing.assert_allclose(coarse[0], fine[0], atol=0.5)
    np.testing.assert_allclose(coarse[1][2:], fine[1][2:], atol=5.0)


def test_of_a_slow_branch_only_what_flows_in_is_reached():
    found = reached_share(
        10.0, np.array([0.0, 4.0]), np.array([1.0, 0.1]), np.array([10.0, 80.0]), np.ones(2)
    )
    np.testing.assert_allclose(found, [1.0 - 3.0 / 10.0, 1.0])


# --- derivatives --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_derivatives_equal_finite_differences(seed):
    config, places = random_tree(seed)
    pumps = {
        name: pump.model_copy(
            update={
                "cop_map": type(pump.cop_map)(c0=9.0, c1=0.1, c2=0.0005, valid_lift_k=(-90, 200))
            }
        )
        for name, pump in config.heat_pumps.items()
    }
    config = config.model_copy(update={"heat_pumps": pumps})
    rng = np.random.default_rng(seed)
    data = dispatch(*rng.uniform(1.0, 5.0, (2, places, 16)))
    price = rng.uniform(0.1, 0.5, data.q_kw.shape)
    base = simulate(config, data)
    found = sensitivity(config, data, base, price)

    def cost(q) -> float:
        moved = simulate(config, dataclasses.replace(data, q_kw=q))
        return float((price * moved.p_kw * data.step_h).sum())

    for row in (0, data.q_kw.shape[0] - 1):
        for hour in (0, 5, 15):
            q = [data.q_kw.copy(), data.q_kw.copy()]
            q[0][row, hour] += 1e-3
            q[1][row, hour] -= 1e-3
            slope = (cost(q[0]) - cost(q[1])) / 2e-3
            assert found.output_eur_per_kwh[row, hour] == pytest.approx(slope, rel=1e-5, abs=1e-8)


# --- shares and pressure ------------------------------------------------------------------------


def test_a_share_is_that_of_the_cross_sections_unless_told():
    told = branched(
        [
            off(share=None, **pipe(50.0, 0.1)),
            {"start": "b", "end": "c", "heat_pumps": ["l3"], **pipe(50.0, 0.05)},
        ]
    )
    assert told.loop.shares() == pytest.approx([(0.1 / 0.2) ** 2, (0.05 / 0.1) ** 2])
    assert branch_flows(told.loop) == pytest.approx([1.0, 1.0, 0.25, 0.0625])


def test_all_water_goes_on_from_a_junction_without_heat_pumps():
    config = branched(
        [
            {"start": "s0", "end": "square", "share": 0.5, **pipe()},
            {"start": "square", "end": "east", "heat_pumps": ["l2"], **pipe(30.0, 0.08)},
            {"start": "square", "end": "west", "heat_pumps": ["l3"], **pipe(30.0, 0.06)},
        ]
    )
    assert config.loop.shares() == pytest.approx([0.5, 0.64, 0.36])
    some = branched(
        [
            {"start": "s0", "end": "square", "share": 0.5, **pipe()},
            {"start": "square", "end": "east", "share": 0.7, "heat_pumps": ["l2"], **pipe()},
            {"start": "square", "end": "west", "heat_pumps": ["l3"], **pipe(30.0, 0.06)},
        ]
    )
    assert some.loop.shares() == pytest.approx([0.5, 0.7, 0.3])


def test_each_branch_has_a_pump_for_its_two_pipes():
    config = branched([off(0.4, **pipe(800.0, 0.05))])
    flow = np.array([2.0, 5.0])
    found = loop_hydraulics(config.loop, config.medium, flow)
    segments, branch = config.loop.segments, config.loop.branches[0]
    around = sum(pressure_loss_pa(one, flow, config.medium) for one in segments)
    beside = 2.0 * pressure_loss_pa(branch, 0.4 * flow, config.medium)
    assert found.segments == ("s0 → s1", "s1 → s0", "s0 → b")
    np.testing.assert_allclose(found.pressure_loss_kpa[2], beside / 1000.0)
    assert found.critical_path == ("s0 → b",)
    head = np.maximum(around, beside) / (config.medium.density_kg_per_m3 * 9.80665)
    np.testing.assert_allclose(found.head_m, head)
    power = (around * flow + beside * 0.4 * flow) / config.medium.density_kg_per_m3 / 1000.0
    np.testing.assert_allclose(
        pump_power_kw(config.loop, config.medium, flow), power / config.loop.pump_efficiency
    )


def test_both_pipes_of_a_branch_are_filled_and_their_trench_is_paid_once():
    with_it, without = branched([off(**pipe(100.0, 0.1))]), loop(2)
    sizes = [geometry(one.loop, one.medium).capacity_kwh_per_k for one in (with_it, without)]
    water = with_it.medium.density_kg_per_m3 * np.pi * 0.05**2 * 200.0 * WATER_KJ_PER_KGK / 3600.0
    assert sizes[0] - sizes[1] == pytest.approx(water)
    costs = RingCosts.model_validate(
        {"pipes": {"capital_eur_per_m": 100.0, "lifetime_years": 40.0}}
    )
    paid = [ring_capital(one, costs, 8760.0).parts[-1] for one in (with_it, without)]
    assert paid[0].build_eur - paid[1].build_eur == pytest.approx(100.0 * 100.0)


# --- what is refused ----------------------------------------------------------------------------

REFUSED = {
    "an unknown start": ([off(start="nowhere")], r"branches.0.start: `nowhere` is no place"),
    "a circle": (
        [off(start="c"), {"start": "b", "end": "c", "heat_pumps": ["l3"], **pipe()}],
        "go in a circle",
    ),
    "itself": ([off(start="b")], "to itself is none"),
    "nobody": ([off(heat_pumps=[])], "nothing hangs on the branch to `b`"),
    "two ways": ([off(0.2), off(0.2)], "one branch leads to a place: b"),
    "the name of a substation": ([off(end="s1")], "one branch leads to a place: s1"),
    "all of the flow": ([off(1.0)], "take 1 of its flow"),
    "more than all": ([off(0.7), off(0.6, end="c", heat_pumps=["l3"])], "take 1.3 of its flow"),
    "a share above one": ([off(1.2)], "less than or equal to 1"),
    "no share": ([off(0.0)], "greater than 0"),
    "a wide pipe without a share": ([off(None, inner_diameter_m=0.3)], "say `share`"),
    "nothing left at a junction": (
        [
            off(heat_pumps=[]),
            off(1.0, start="b", end="c"),
            off(None, start="b", end="d", heat_pumps=["l3"]),
        ],
        "nothing is left for the branch to `d`",
    ),
    "a name of nothing": ([off(end="")], r"branches.0.end\n.*should be a name: text on one line"),
    "a name with a space behind it": ([off(end="b ")], "no spaces before or behind it"),
    "a name of two lines": ([off(end="b\nc")], "on one line"),
    "a negative length": ([off(length_m=-5.0)], "greater than 0"),
    "a twin pipe": (
        [off() | {"pipe": "steel twin DN100"}],
        r"branches.0.pipe: `steel twin DN100` is two pipes",
    ),
    "a plant": ([off(plant=True)], "Extra inputs are not permitted"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_branches_that_are_none_are_refused(name):
    branches, words = REFUSED[name]
    if name == "a twin pipe":
        del branches[0]["inner_diameter_m"], branches[0]["heat_loss_w_per_mk"]
    with pytest.raises(ValidationError, match=words):
        branched(branches)


def test_dispersion_and_branches_do_not_go_together():
    with pytest.raises(ValidationError, match=r"dispersion_m2_s: 0\.1 is of a loop without"):
        branched([off()], dispersion_m2_s=0.1)


@pytest.mark.parametrize(("odd_kg_s", "told"), [(0.0, r"\(value: 0.0\)"), (-2.0, "both ways")])
def test_water_that_stands_or_turns_is_refused(odd_kg_s, told):
    data = dataclasses.replace(
        dispatch(np.zeros((3, 4))), flow_kg_s=np.array([2.0, 2.0, odd_kg_s, 2.0])
    )
    with pytest.raises(InputError, match=f"flows one way at all times.*{told}"):
        simulate(branched([off()], flow={"kind": "scheduled"}), data)


def test_no_flow_at_all_is_refused_as_the_settings_are_read():
    with pytest.raises(ValidationError, match=r"flow.kg_s: 0 lets water stand"):
        branched([off()], flow=0.0)


def test_waves_of_a_loop_with_branches_are_refused_unless_nobody_asked_for_them():
    waves = {"slp": {"loop_waves": 4}}
    with pytest.raises(InputError, match="has no waves of it"):
        coupled(0, waves, loop=True, branches=True)
    rows = coupled(0, loop=True, branches=True).rows
    assert rows.loop.waves == ()


def test_pipes_of_a_map_may_have_branches_to_its_locations():
    told = {
        "ring": {"model": "loop", "loop": {"substations": [{"name": "s", "heat_pumps": ["a"]}]}}
    }
    there = {"start": "s", "end": "b", "heat_pumps": ["b"]}
    file = Path("pipes.yaml")
    with pytest.raises(InputError, match="no substation connects"):
        with_pipes({"ring": {}}, told, file, {"a": True, "b": True}, "designed")
    told["ring"]["loop"]["branches"] = [there]
    laid = with_pipes({"ring": {}}, told, file, {"a": True, "b": True}, "designed")
    assert laid["ring"]["loop"]["branches"] == [there]
    with pytest.raises(InputError, match=r"ring.loop.branches.b"):
        with_pipes({"ring": {}}, told, file, {"a": True}, "designed")


@pytest.mark.parametrize("place", ["b", {"end": "b", "heat_pumps": "b"}])
def test_the_settings_say_what_is_wrong_with_the_form_of_a_branch(place):
    """Nothing else is said of places that cannot be read: not that they connect nobody."""
    stations = [{"name": "s", "heat_pumps": ["a"]}]
    for section in (
        {"substations": stations, "branches": [place]},
        {"substations": [*stations, place]},
    ):
        told = {"ring": {"model": "loop", "loop": section}}
        laid = with_pipes({"ring": {}}, told, Path("pipes.yaml"), {"a": True, "b": True}, "d")
        assert laid["ring"] == told["ring"]


def test_boreholes_at_the_end_of_a_branch_are_refused():
    field = {
        "field": {"kind": "rectangle", "rows": 2, "columns": 2},
        "depth_m": 100.0,
        "soil_w_per_mk": 2.0,
        "surface_degc": 10.0,
        "flow_kg_s": 2.0,
        "substation": "b",
    }
    with pytest.raises(ValidationError, match=r"`b` is the end of a branch.*loop: s0, s1"):
        branched([off()], ring={"plant": {"borefield": field}})
    with pytest.raises(ValidationError, match="`b` is none of the loop's"):
        branched([], ring={"plant": {"borefield": field}})


def test_heat_pumps_at_branches_are_connected_once():
    config = branched([off(heat_pumps=["l1"])])
    twice = r"connected more than once, at ring.loop.substations.s1, ring.loop.branches.b"
    with pytest.raises(ConfigError, match=twice):
        simulate(config, dispatch(np.zeros((2, 4))))


def test_a_name_of_no_heat_pump_is_told_with_the_branch_that_has_it():
    config = branched([off(heat_pumps=["l2", "nobody"])])
    with pytest.raises(ConfigError, match=r"`ring.loop.branches.b`: no heat pump has this name"):
        simulate(config, dispatch(np.zeros((3, 4))))


def test_settings_survive_a_round_trip():
    config, _ = random_tree(3)
    told = config.model_dump(mode="json") | {"bounds_degc": [3.0, 90.0]}
    assert RingConfig.model_validate(told).loop == config.loop


@pytest.mark.parametrize("method", ["slp", "fixed_point"])
def test_heat_pumps_without_a_place_are_refused_before_the_first_programme(method):
    district = coupled(0, {"method": method}, loop=True, branches=True)
    told = district.ring.model_dump(mode="json")
    told["loop"]["branches"][0]["heat_pumps"] = ["nobody"]
    with pytest.raises(ConfigError, match=r"`ring.loop.branches..*no heat pump has this name"):
        rows_of(RingConfig.model_validate(told), district.coupling, district.data)


def test_heat_pumps_without_a_place_on_two_pipes_are_refused_before_the_first_programme():
    district = coupled_two_pipes(0, {"method": "fixed_point"})
    told = district.ring.model_dump(mode="json")
    told["two_pipe"]["substations"][0]["heat_pumps"] = ["nobody"]
    with pytest.raises(ConfigError, match=r"`ring.two_pipe.substations..*no heat pump has this"):
        rows_of(RingConfig.model_validate(told), district.coupling, district.data)
