"""The two-pipe network: delay, loss and exchange against formulas; mass and energy on any tree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from anello.errors import EnergyAuditError, InputError
from anello.ring import RingConfig, simulate
from anello.ring import two_pipe as two_pipe_module
from anello.ring.adapt import ring_dataset, ring_result
from anello.ring.ground_config import WATER_KJ_PER_KGK
from anello.ring.plug_line import Line, exchange
from anello.ring.twin_pipe import pair_w_per_mk
from anello.ring.two_pipe_config import BranchConfig
from anello.ring.two_pipe_network import seen_from_plant
from two_lines import PLANT, WIDE, any_network, branch, dispatch, pumps, ring

# --- a line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("turns", [0.03, 0.37, 1.0, 2.6, 40.0])
@pytest.mark.parametrize("loss", [0.0, 0.3, 2.0])
def test_water_comes_late_and_colder_by_the_formula(turns, loss):
    """T_out = T_g + (T_in − T_g)·exp(−UA/(ṁc)), C/(ṁc) after it went in."""
    capacity, flow = 3.0, 3.0 * turns
    line = Line(capacity, loss * flow, 12.0, most=1000)
    steps = int(3 + 3 / turns)
    outlet = []
    for _ in range(steps):
        constant, gain = line.begin(flow, 1.0, 12.0)
        outlet.append(constant + gain * 20.0)
        line.finish(20.0)
    delay = 1.0 / turns
    arrived = np.clip(np.arange(1, steps + 1) - delay, 0.0, 1.0)
    assert np.array(outlet) == pytest.approx(12.0 + 8.0 * math.exp(-loss) * arrived, rel=1e-9)
    steady = capacity * 8.0 * (1.0 - math.exp(-loss)) / (loss or 1.0) if loss else 8.0 * capacity
    assert line.heat_kwh() - 12.0 * capacity == pytest.approx(steady, rel=1e-9)


def test_water_that_turns_back_comes_out_where_it_went_in():
    line = Line(4.0, 0.0, 10.0, most=50)
    constant, gain = line.begin(1.0, 1.0, 12.0)
    line.finish(25.0)
    assert (constant, gain) == (10.0, 0.0)
    assert line.end_degc(outward=False) == pytest.approx(25.0)
    constant, _ = line.begin(-0.5, 1.0, 12.0)
    assert constant == pytest.approx(25.0)
    line.finish(8.0)
    assert line.end_degc(outward=True) == pytest.approx(8.0)
    assert line.heat_kwh() == pytest.approx(0.5 * 25.0 + 3.0 * 10.0 + 0.5 * 8.0)


def test_standing_water_cools_exponentially_and_merging_loses_no_heat():
    line = Line(2.0, 0.2, 22.0, most=8)
    for _ in range(10):
        line.begin(0.0, 1.0, 12.0)
        line.finish(0.0)
    assert line.heat_kwh() == pytest.approx(2.0 * (12.0 + 10.0 * math.exp(-1.0)))
    line = Line(2.0, 0.0, 10.0, most=3)
    balance = line.heat_kwh()
    for number in range(40):
        flow = 0.05 if number % 7 else -0.03
        constant, gain = line.begin(flow, 1.0, 12.0)
        inlet = 10.0 + number % 5
        balance += abs(flow) * (inlet - constant - gain * inlet)
        line.finish(inlet)
    assert line.heat_kwh() == pytest.approx(balance, rel=1e-12)
    assert line.filled() == pytest.approx(2.0, rel=1e-12)


def test_two_pipes_exchange_heat_by_the_formula_for_counterflow():
    """Equal flows against each other: each warms by NTU/(1 + NTU) of the difference."""
    for steps_in_pipe, ntu in ((12.0, 0.2), (20.5, 0.9), (0.4, 0.02)):
        capacity = 2.0
        flow = capacity / steps_in_pipe
        warm, cold = (Line(capacity, 0.0, degc, most=200) for degc in (20.0, 10.0))
        for _ in range(400):
            exchange(warm, cold, ntu * flow, 1.0, flow)
            constant, gain = warm.begin(flow, 1.0, 12.0)
            hot_out = constant + gain * 20.0
            warm.finish(20.0)
            constant, gain = cold.begin(-flow, 1.0, 12.0)
            cold_out = constant + gain * 10.0
            cold.finish(10.0)
        assert hot_out == pytest.approx(20.0 - 10.0 * ntu / (1.0 + ntu), rel=1e-3)
        assert hot_out + cold_out == pytest.approx(30.0, rel=1e-12)
        assert 20.0 - hot_out == pytest.approx(10.0 * ntu / (1.0 + ntu), rel=1e-3)


def test_standing_pipes_approach_each_other_by_the_formula():
    warm, cold = (Line(2.0, 0.0, degc, most=9) for degc in (20.0, 10.0))
    for _ in range(5):
        exchange(warm, cold, 0.3, 1.0)
    difference = 10.0 * math.exp(-2.0 * 0.3 * 5.0 / 2.0)
    assert warm.heat_kwh() == pytest.approx(2.0 * (15.0 + difference / 2.0))
    assert cold.heat_kwh() == pytest.approx(2.0 * (15.0 - difference / 2.0))


# --- Wallentén ------------------------------------------------------------------------------------


def test_far_pipes_lose_what_single_pipes_lose_and_exchange_nothing():
    base = {"start": "a", "end": "b", "length_m": 1.0, "inner_diameter_m": 0.1}
    far = BranchConfig.model_validate({**base, "spacing_m": 1000.0, "burial_depth_m": 1.0})
    ground, between = pair_w_per_mk(far)
    casing, bare = far.casing_m / 2, 0.0539
    single = 2 * math.pi / (math.log(2 / casing) / 1.5 + math.log(casing / bare) / 0.03)
    assert ground == pytest.approx(single, rel=1e-4)
    assert abs(between) < 1e-4 * ground


@pytest.mark.parametrize("name", ["steel twin DN20", "steel twin DN50"])
def test_a_twin_pipe_agrees_with_a_solution_by_collocation(name):
    """Against the same two problems solved by many multipoles: within 1 and 4 %."""
    made = BranchConfig.model_validate({"start": "a", "end": "b", "length_m": 1.0, "pipe": name})
    ground, between = pair_w_per_mk(made)
    exact_ground, exact_between = collocated(made)
    assert ground == pytest.approx(exact_ground, rel=0.01)
    assert ground + 2 * between == pytest.approx(exact_ground + 2 * exact_between, rel=0.04)


def collocated(made: BranchConfig, orders: int = 8, points: int = 80) -> tuple[float, float]:
    """Solve Laplace's equation for two pipes in a casing in half-space, by least squares."""
    half, bare, casing = made.axes_m / 2, made.inner_diameter_m / 2 + made.wall_thickness_m, 0.0
    casing, depth = made.casing_m / 2, made.burial_depth_m
    inside, soil = made.insulation_w_per_mk, made.soil_w_per_mk
    angle = (np.arange(points) + 0.5) * 2 * np.pi / points

    def multipoles(z, centres, scale):
        columns = []
        for centre in centres:
            w = z - centre
            columns.append(np.log(np.abs(w) / scale))
            for n in range(1, orders + 1):
                columns += [((scale / w) ** n).real, ((scale / w) ** n).imag]
        return np.array(columns).T

    def inner(z):
        own = multipoles(z, (-half, half), bare)
        regular = [np.ones(z.size)]
        for n in range(1, 2 * orders + 1):
            regular += [((z / casing) ** n).real, ((z / casing) ** n).imag]
        return np.hstack([own, np.array(regular).T])

    def outer(z):
        mirrored = np.conj(z - 2j * depth)  # the surface lies at height `depth`, at ground degc
        return multipoles(z, (0.0,), casing) - multipoles(mirrored, (0.0,), casing)

    edge = casing * np.exp(1j * angle)
    step = 1e-6 * casing
    normal = edge / casing * step
    on_pipes = [centre + bare * np.exp(1j * angle) for centre in (-half, half)]
    left, right = inner(edge), outer(edge)
    d_left = inside * (inner(edge + normal) - inner(edge - normal)) / (2 * step) * casing / inside
    d_right = soil * (outer(edge + normal) - outer(edge - normal)) / (2 * step) * casing / inside
    rows = [np.hstack([inner(z), np.zeros((points, right.shape[1]))]) for z in on_pipes]
    rows += [np.hstack([left, -right]), np.hstack([d_left, -d_right])]
    matrix = np.vstack(rows)
    fluxes = []
    for one, other in ((1.0, 1.0), (1.0, -1.0)):
        told = np.concatenate([np.full(points, one), np.full(points, other), np.zeros(2 * points)])
        found = np.linalg.lstsq(matrix, told, rcond=None)[0]
        assert np.abs(matrix @ found - told).max() < 2e-2
        fluxes.append(-2 * np.pi * inside * found[0])
    together, against = fluxes
    return together, (against - together) / 2


# --- the network ----------------------------------------------------------------------------------


def test_a_front_from_the_plant_arrives_after_the_time_of_its_way_and_has_lost_its_share():
    """One branch, constant heat: the cold line's step at the substation, and the warm one's."""
    loss = 0.8
    config = ring([branch("plant", "a", heat_loss_w_per_mk=loss)], warm_degc=16.0)
    q = np.full(60, 200.0)
    result = simulate(config, dispatch({"a::hp": q}))
    flow_kg_s = 150.0 / 4.0 / WATER_KJ_PER_KGK
    assert result.flow_kg_s == pytest.approx(np.full(60, flow_kg_s))
    content_kg = 999.0 * np.pi * 0.01 * 1000.0
    share = math.exp(-loss * 1000.0 / (flow_kg_s * WATER_KJ_PER_KGK * 1000.0))
    at = {name: result.node_degc[-1, i] for i, name in enumerate(result.place_names)}
    assert at["plant, warm"] == pytest.approx(16.0)
    assert at["a, warm"] == pytest.approx(12.0 + 4.0 * share, rel=1e-9)
    assert at["a, cold"] == pytest.approx(at["a, warm"] - 4.0, rel=1e-9)
    assert at["plant, cold"] - 12.0 == pytest.approx((at["a, cold"] - 12.0) * share, rel=1e-9)
    # The water that stood in the warm line at 16 °C arrives until the front does.
    hours = content_kg / flow_kg_s / 3600.0
    warm = result.node_degc[1:, result.place_names.index("a, warm")]
    reached = int(np.flatnonzero(np.abs(warm - warm[-1]) > 1e-9)[-1]) + 2
    assert reached - 1 <= hours + 1 <= reached + 1


def test_mean_arrival_time_of_a_front_is_that_of_the_way_to_a_thousandth():
    config = ring([branch("plant", "a", length_m=5000.0)], warm_degc=16.0, plant=None)
    result = simulate(config, dispatch({"a::hp": np.full(12, 200.0)}))
    flow_kg_s = 150.0 / 4.0 / WATER_KJ_PER_KGK
    delay_h = 999.0 * np.pi * 0.01 * 5000.0 / flow_kg_s / 3600.0
    # Cold water at 12 °C leaves the idle plant from the start on, and arrives after the delay.
    warm = result.node_degc[1:, result.place_names.index("a, warm")]
    fallen = (16.0 - warm).sum() / 4.0
    assert 12 - fallen == pytest.approx(delay_h, rel=1e-3)


def test_one_node_and_short_pipes_are_the_well_mixed_ring():
    rng = np.random.default_rng(4)
    heating, cooling = rng.uniform(0, 60, 200), rng.uniform(0, 36, 200)
    cop = {"kind": "carnot"}
    short = branch("plant", "a", length_m=20.0, inner_diameter_m=1.0, heat_loss_w_per_mk=5.0)
    pair = ring([short], plant=None, ring={"cop": cop}, difference_k=0.05).model_copy(update=WIDE)
    capacity = float(2 * seen_from_plant(pair.two_pipe, pair.medium).capacity_kwh_per_k.sum())
    mixed = RingConfig.model_validate(
        {
            "heat_pumps": pumps(cop),
            "plant": None,
            "initial_degc": 14.0,
            "water": {"mass_kg": capacity * 3600.0 / WATER_KJ_PER_KGK},
            "loss": {"ua_kw_per_k": 2 * 0.005 * 20.0},
        }
    ).model_copy(update=WIDE)
    data = dispatch({"a::hp": heating, "a::ch": cooling})
    ours, theirs = simulate(pair, data), simulate(mixed, data)
    assert np.abs(np.diff(theirs.temperature_degc)).max() > 0.5
    assert ours.temperature_degc == pytest.approx(theirs.temperature_degc, abs=0.1)
    assert ours.p_kw.sum() == pytest.approx(theirs.p_kw.sum(), rel=2e-3)


def test_branches_carry_the_balance_of_what_lies_behind_them_either_way():
    config = ring([branch("plant", "j"), branch("a", "j"), branch("j", "b")], difference_k=5.0)
    heat, cold = np.array([40.0, 0.0, 40.0]), np.array([0.0, 80.0, 80.0])
    result = simulate(config, dispatch({"a::hp": heat, "b::ch": cold}))
    a, b = 0.75 * heat / 5.0 / WATER_KJ_PER_KGK, 1.25 * cold / 5.0 / WATER_KJ_PER_KGK
    assert result.hydraulics.segments == ("plant → j", "a → j", "j → b")
    assert result.branch_kg_s == pytest.approx(np.array([a - b, -a, -b]))
    assert result.flow_kg_s == pytest.approx(a - b)
    assert (result.hydraulics.pressure_loss_kpa[1] > 0).tolist() == [True, False, True]


def test_the_pump_overcomes_both_lines_of_the_critical_path_and_the_substation():
    config = ring([branch("plant", "a"), branch("plant", "b", length_m=50.0)])
    result = simulate(config, dispatch({"a::hp": np.full(2, 90.0), "b::hp": np.full(2, 30.0)}))
    found = result.hydraulics
    assert found.critical_path == ("plant → a",)
    kpa = found.pressure_loss_kpa[:, 0]
    assert found.head_m[0] == pytest.approx((kpa[0] + 20.0) * 1000.0 / 999.0 / 9.80665)
    flow = result.branch_kg_s[:, 0]
    assert result.pump_kw[0] == pytest.approx(((kpa + 20.0) * flow).sum() / 999.0 / 0.5)


def test_the_plant_feeds_each_line_at_its_temperature_and_pays_for_it():
    config = ring([branch("plant", "a", pipe="PE100 SDR11 DN160", length_m=300.0)], warm_degc=16.0)
    heat = np.concatenate([np.full(100, 50.0), np.zeros(100)])
    result = simulate(config, dispatch({"a::hp": heat, "a::ch": heat[::-1].copy()}))
    warm = result.node_degc[:, result.place_names.index("plant, warm")]
    cold = result.node_degc[:, result.place_names.index("plant, cold")]
    assert warm[1:101] == pytest.approx(16.0)
    assert cold[101:] == pytest.approx(12.0)
    assert (result.q_bal_kw["backup_heater"][:100] > 0).all()
    assert (result.q_bal_kw["chiller"][101:] < 0).all()
    assert result.p_bal_kw["chiller"][101:].min() > 0
    assert result.second_law.violations == 0


def test_heat_that_comes_back_to_the_plant_in_the_same_hour_breaks_no_law():
    short = [branch("plant", "a", length_m=5.0, inner_diameter_m=0.05)]
    plant = {"wells": {"max_flow_kg_s": 50.0, "well_degc": 11.0}, **PLANT}
    result = simulate(
        ring(short, plant=plant, warm_degc=13.0), dispatch({"a::hp": np.full(30, 80.0)})
    )
    assert result.q_bal_kw["wells"].max() > 0
    assert result.node_degc[-1, 0] == pytest.approx(13.0, abs=1e-6)


# --- any tree -------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", range(10))
def test_mass_and_energy_are_kept_on_any_network(block):
    for seed in range(30 * block, 30 * block + 30):
        config, data = any_network(seed)
        result = simulate(config, data)
        assert result.audit.relative <= 1e-6, seed
        assert result.audit.worst_step_kwh <= 1e-6 * max(result.audit.throughput_kwh, 1.0), seed
        assert result.second_law.violations == 0, seed


def test_a_network_that_loses_heat_or_water_fails(monkeypatch):
    config, data = any_network(3)
    finish = Line.finish

    def leaky(self, inlet):
        finish(self, inlet)
        self._base = self._base - 1e-4

    monkeypatch.setattr(Line, "finish", leaky)
    with pytest.raises(EnergyAuditError, match="does not close"):
        simulate(config, data)

    def spilt(self, inlet):
        finish(self, inlet)
        self._size = self._size * 0.999

    monkeypatch.setattr(Line, "finish", spilt)
    with pytest.raises(EnergyAuditError, match="does not keep its water"):
        simulate(config, data)
    assert two_pipe_module._MASS < 1e-3


# --- files and settings ---------------------------------------------------------------------------


def test_a_result_goes_to_a_file_and_comes_back():
    config, data = any_network(7)
    result = simulate(config, data)
    written = ring_dataset(result)
    assert written["branch_kg_s"].dims == ("segment", "timestep")
    assert list(written["substation"].values) == list(result.place_names)
    back = ring_result(written)
    assert back.place_names == result.place_names
    assert back.capacity_kwh_per_k == 2.0 * float(
        seen_from_plant(config.two_pipe, config.medium).capacity_kwh_per_k.sum()
    )
    assert np.array_equal(back.branch_kg_s, result.branch_kg_s)
    assert np.array_equal(back.temperature_degc, result.temperature_degc)


@pytest.mark.parametrize(
    ("branches", "changes", "told"),
    [
        ([("plant", "a"), ("plant", "a")], {}, "laid twice"),
        ([("plant", "a"), ("b", "c")], {}, "no way from `plant` to b, c"),
        ([("x", "a")], {}, "no branch leads to `plant`"),
        ([("plant", "a")], {"plant_at": "a"}, "the plant's place"),
        ([("plant", "plant")], {}, "to itself"),
    ],
)
def test_a_network_that_is_none_is_refused(branches, changes, told):
    with pytest.raises(ValidationError, match=told):
        ring([branch(*ends) for ends in branches], **changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"exchange_w_per_mk": 0.1, "heat_loss_w_per_mk": None}, "give both"),
        ({"pipe": "steel twin DN50", "spacing_m": 0.4}, "leave `spacing_m` out"),
        ({"pipe": "steel DN50", "spacing_m": 0.05}, "less than the pipe's outer diameter"),
        ({"pipe": "steel DN50", "burial_depth_m": 0.0}, "two pipes in air"),
    ],
)
def test_a_branch_that_cannot_be_is_refused(changes, told):
    with pytest.raises(ValidationError, match=told):
        ring([branch("plant", "a", **changes)])


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        ({"control": "both"}, "plant.control: both"),
        (
            {"borefield": {"count": [2, 2], "spacing_m": 6.0, "depth_m": 100.0, "flow_kg_s": 1.0}},
            "borefield",
        ),
    ],
)
def test_a_plant_that_this_network_does_not_have_is_refused(plant, told):
    with pytest.raises(ValidationError, match=told):
        ring([branch("plant", "a")], plant=plant)


def test_a_schedule_is_refused():
    config = ring([branch("plant", "a")])
    data = dispatch({"a::hp": np.full(2, 1.0)})
    with pytest.raises(InputError, match="scheduled_balancing"):
        simulate(config, data, schedule={"backup_heater": np.zeros(2)})
    with pytest.raises(ValidationError, match="needs the section `two_pipe`"):
        RingConfig.model_validate({"model": "two_pipe", "heat_pumps": {}})
