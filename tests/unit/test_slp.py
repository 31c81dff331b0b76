"""The verdict on a step, the trust region, and when the search ends."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from anello.coupling.config import CouplingConfig, SlpConfig
from anello.coupling.convergence import check_slp, require_converged
from anello.coupling.incumbent import Linearisation, linearise
from anello.coupling.prices import Prices
from anello.coupling.record import ConvergenceRecord, CouplingState, SlpStep
from anello.coupling.slp import following, judge, judge_iteration, run_slp
from anello.errors import NotConvergedError
from ring_districts import coupled

SETTINGS = SlpConfig(trust_region_k=2.0)


def incumbent(cost_eur: float = 100.0, reach: float = 2.0, given: float = 0.0) -> Linearisation:
    zero = np.zeros((1, 2))
    return Linearisation(
        nodes=("a::hp",),
        cop=zero + 4.0,
        output_per_k=zero,
        output_per_kwh=zero,
        degc_per_kwh=np.zeros(1),
        temperature_degc=np.full(3, 15.0),
        storage_kwh=zero + np.nan,
        given_kw=np.zeros(2),
        source_degc=zero + 15.0,
        capacity_factor=zero + 1.0,
        machine_per_kwh=zero[:0],
        machine_per_k=zero[:0],
        exchanged_kw=zero[:0],
        given_cost_eur=given,
        trust_region_k=reach,
        cost_eur=cost_eur,
        iteration=3,
    )


def verdict(lp: float, simulated: float, about: Linearisation | None = None) -> SlpStep:
    return judge(
        SETTINGS,
        about or incumbent(),
        lp_cost_eur=lp,
        simulated_cost_eur=simulated,
        lp_temperature_degc=np.array([15.0, 15.2]),
        result=SimpleNamespace(temperature_degc=np.array([15.0, 15.1, 15.0])),
    )


@pytest.mark.parametrize(
    ("simulated", "accepted", "rho", "reach"),
    [
        (91.5, True, 0.85, 8 / 3),  # more than 0.8 of it: wider
        (90.5, True, 0.95, 4.0),  # nearly as predicted: twice as wide at most
        (92.5, True, 0.75, 2.0),  # nearly 0.8 of it: as it is
        (95.0, True, 0.5, 0.8),  # less: narrower, so that 0.8 of the next are kept
        (99.0, True, 0.1, 0.5),  # hardly: a quarter at least, but taken
        (100.0, False, 0.0, 0.5),  # nothing: refused
        (103.0, False, -0.3, 0.5),  # worse: refused
    ],
)
def test_the_simulation_decides(simulated, accepted, rho, reach):
    step = verdict(90.0, simulated)
    assert step.accepted is accepted
    assert step.rho == pytest.approx(rho)
    assert step.next_trust_region_k == pytest.approx(reach)
    assert step.predicted_decrease_eur == pytest.approx(10.0)
    assert step.trust_region_k == 2.0
    assert step.temperature_gap_k == pytest.approx(0.2)


def test_the_trust_region_has_a_largest_size():
    assert verdict(90.0, 90.0, incumbent(reach=3.0)).next_trust_region_k == 4.0


def test_the_first_dispatch_is_taken_as_it_is():
    step = verdict(1.0, 1e9, incumbent(cost_eur=math.inf, reach=math.inf))
    assert step.accepted
    assert step.rho is None
    assert step.predicted_decrease_eur is None
    assert step.trust_region_k is None
    assert step.next_trust_region_k == SETTINGS.trust_region_k


def test_a_prediction_of_nothing_says_nothing_about_the_model():
    better = verdict(100.0, 100.0 - 1e-12)
    assert better.rho in (0.0, 1.0)
    assert verdict(100.0, 101.0).rho == 0.0


@pytest.mark.parametrize("simulated", [100.0, 100.0 - 1e-8, 100.0 + 1e-8])
def test_a_dispatch_found_once_more_is_taken_with_the_cop_of_its_programme(simulated):
    step = verdict(100.0, simulated)
    assert step.accepted
    assert step.rho == 1.0


def test_cost_that_the_programme_does_not_hold_is_added_to_its_promise():
    assert verdict(80.0, 95.0, incumbent(given=10.0)).predicted_decrease_eur == pytest.approx(10.0)


def test_unmet_demand_is_part_of_the_merit():
    district = coupled(0, {"max_iterations": 1})
    done = district.run(must_converge=False).last
    about = incumbent(cost_eur=done.cost.total_eur + 5.0)
    arguments = (district.coupling, district.ring, district.rows, about)
    rest = (done.flows, done.ring, done.cost, 1)
    good, _ = judge_iteration(*arguments, done.dispatch, *rest)
    assert good.accepted
    short = done.dispatch.copy()
    short.attrs["objective"] = short.attrs["cost_objective"] + 1e4  # 1 kWh unmet at bigM
    bad, kept = judge_iteration(*arguments, short, *rest)
    assert not bad.accepted
    assert kept.iteration == about.iteration
    assert kept.cost_eur == about.cost_eur


def test_a_refused_step_keeps_the_incumbent_and_only_shrinks():
    about = incumbent()
    kept = following(None, None, about, verdict(90.0, 101.0), None, None, 101.0, 0.0, 4, None)
    assert kept.cop is about.cop
    assert (kept.trust_region_k, kept.iteration, kept.cost_eur) == (0.5, 3, 100.0)


# --- the end of the search ------------------------------------------------------------------------


def state(step: SlpStep, lp: float, simulated: float, investment: float = 0.0) -> CouplingState:
    cop = np.full((1, 2), 4.0)
    return CouplingState(
        ("a::hp",),
        np.full(3, 15.0),
        cop,
        cop,
        cop * 10,
        np.ones(2),
        lp,
        simulated,
        0.0,
        0,
        investment_eur=investment,
        slp=step,
    )


def step_with(predicted: float | None, gap_k: float = 0.0) -> SlpStep:
    return SlpStep(2.0, 2.0, predicted, 0.5, True, gap_k)


@pytest.mark.parametrize(
    ("step", "lp", "simulated", "converged"),
    [
        (step_with(0.009), 100.0, 100.05, True),
        (step_with(0.02), 100.0, 100.0, False),  # still something to gain
        (step_with(0.0), 100.0, 100.2, False),  # programme and simulation differ in cost
        (step_with(0.0, 0.06), 100.0, 100.0, False),  # and in temperature
        (step_with(-1.0), 100.0, 100.0, True),  # the programme predicts an increase
        (step_with(None), 100.0, 100.0, False),  # the first
    ],
)
def test_the_three_conditions(step, lp, simulated, converged):
    record = check_slp(CouplingConfig(), state(step, lp, simulated), None, None)
    assert record.converged is converged
    assert record.method == "slp"


@pytest.mark.parametrize("reach", [3.0, 0.1, 0.01, 0.001])
def test_a_small_trust_region_does_not_make_a_small_promise_a_good_one(reach):
    """100 € of operation: 0.01 € are little within 10 mK and more, but much within less."""
    step = replace(step_with(0.009), trust_region_k=reach, next_trust_region_k=reach)
    assert step.criticality_eur == pytest.approx(0.009 * max(1.0, 0.01 / reach))
    record = check_slp(CouplingConfig(), state(step, 100.0, 100.0), None, None)
    assert record.converged is (reach >= 0.01)
    assert ConvergenceRecord.from_json(record.to_json()) == record


def test_a_search_whose_promises_were_never_kept_has_not_converged():
    record = None
    for promise, rho, accepted in ((None, None, True), (5.0, 0.3, True), (0.0, 1.0, True)):
        step = replace(step_with(promise), rho=rho, accepted=accepted)
        record = check_slp(CouplingConfig(), state(step, 100.0, 100.0), None, record)
    assert not record.converged
    step = replace(step_with(5.0), rho=0.9)
    record = check_slp(CouplingConfig(), state(step, 100.0, 100.0), None, record)
    record = check_slp(CouplingConfig(), state(step_with(0.0), 100.0, 100.0), None, record)
    assert record.converged


def test_a_smaller_promise_that_was_kept_tells_of_the_gradient_too():
    """100 € of operation, so that 0.01 € are worth while."""
    for kept_eur, converged in ((0.005, True), (0.00005, False)):
        record = None
        for promise, rho in ((None, None), (5.0, 0.3), (kept_eur, 0.9), (0.0, 0.0)):
            step = replace(step_with(promise), rho=rho)
            record = check_slp(CouplingConfig(), state(step, 100.0, 100.0), None, record)
        assert record.converged is converged


def test_a_promise_within_the_gap_of_whole_numbers_is_none():
    for gap_eur, converged in ((0.0, False), (None, False), (3.0, True), (1.0, False)):
        record = None
        for promise, rho in ((None, None), (5.0, 0.9), (2.0, -1.0)):
            step = replace(step_with(promise), rho=rho, gap_eur=gap_eur)
            record = check_slp(CouplingConfig(), state(step, 100.0, 100.0), None, record)
        assert record.converged is converged
        assert record.trace[-1].gap_eur == gap_eur
        assert ConvergenceRecord.from_json(record.to_json()) == record


def refused(reach: float) -> SlpStep:
    step = replace(step_with(20.0 * reach / 3.0), rho=-1.2, accepted=False, parting="a::hp in May")
    return replace(step, trust_region_k=reach, next_trust_region_k=reach / 4.0)


def test_a_collapsed_trust_region_is_stalled_and_says_where():
    record = check_slp(CouplingConfig(), state(step_with(None), 100.0, 100.0), None, None)
    reach = 3.0
    while not record.finished:
        record = check_slp(CouplingConfig(), state(refused(reach), 100.0, 100.0), None, record)
        reach /= 4.0
    assert (record.stalled, record.converged) == (True, False)
    assert len(record.trace) == 7
    assert ConvergenceRecord.from_json(record.to_json()) == record
    with pytest.raises(NotConvergedError, match=r"stalled in iteration 6.*a::hp in May"):
        require_converged(record)
    # A promise that is kept is no stall, however small the trust region.
    kept = replace(refused(0.003), accepted=True, rho=0.8)
    assert not check_slp(CouplingConfig(), state(kept, 100.0, 100.0), None, record).stalled


@pytest.mark.parametrize(("reach", "following"), [(1.0, 1.0 / 3.0), (0.09, 0.09)])
def test_a_narrow_trust_region_stays_where_a_kink_takes_part_of_the_promise(reach, following):
    step = verdict(90.0, 96.0, incumbent(reach=reach))
    assert step.rho == pytest.approx(0.4)
    assert step.next_trust_region_k == pytest.approx(following)


@pytest.mark.parametrize("loop", [False, True])
def test_a_verdict_says_where_programme_and_simulation_part(loop):
    district = coupled(3, {"max_iterations": 2}, loop=loop)
    seen = []
    district.run(must_converge=False, on_iteration=lambda state, _: seen.append(state))
    for one in seen:
        assert one.slp is not None
        node = one.slp.parting.split(" ")[0]
        assert node in one.nodes
        assert "°C in the programme" in one.slp.parting
        assert ("(substation at_" in one.slp.parting) is loop


def test_tolerances_are_shares_of_operation_not_of_capacity():
    step = step_with(0.5)
    assert check_slp(CouplingConfig(), state(step, 10_000.0, 10_000.0), None, None).converged
    invested = state(step, 10_000.0, 10_000.0, investment=9_900.0)
    assert not check_slp(CouplingConfig(), invested, None, None).converged


def test_the_result_is_the_incumbent_and_not_the_last():
    config = CouplingConfig(max_iterations=3)
    record = None
    for cost, accepted in ((110.0, True), (100.0, True), (99.0, False)):
        step = replace(step_with(50.0), accepted=accepted)
        record = check_slp(config, state(step, cost, cost), None, record)
    assert record.finished
    assert not record.converged
    assert record.result_iteration == 1
    assert ConvergenceRecord.from_json(record.to_json()) == record
    with pytest.raises(NotConvergedError, match="3 iterations"):
        require_converged(record)


def test_a_search_that_does_not_converge_is_an_error_with_its_record():
    seen = []

    def never(number, about):
        return state(step_with(50.0), 90.0, 100.0 - number), about

    with pytest.raises(NotConvergedError):
        run_slp(
            never,
            incumbent(),
            CouplingConfig(max_iterations=4),
            on_iteration=lambda _, record: seen.append(record),
        )
    assert len(seen[-1].trace) == 4
    outcome = run_slp(never, incumbent(), CouplingConfig(max_iterations=4), must_converge=False)
    assert outcome.best.j_sim_eur == 97.0


def test_only_accepted_dispatches_become_the_incumbent():
    eager = {"slp": {"kept_share": 0.12, "trust_region_k": 4.0}}
    record = coupled(1, eager).run(must_converge=False).record
    assert any(entry.accepted is False for entry in record.trace)
    for before, after in zip(record.trace, record.trace[1:], strict=False):
        if before.accepted is False and after.trust_region_k is not None:
            assert after.trust_region_k < (before.trust_region_k or math.inf)
    accepted = [entry for entry in record.trace if entry.accepted]
    # What is saved may be paid for in water beyond the bounds, which the merit penalises.
    assert accepted[-1].j_sim_eur < accepted[0].j_sim_eur
    assert record.best == accepted[-1]


def test_heat_that_is_not_decided_is_given_to_the_programme():
    district = coupled(5, {"max_iterations": 1})
    done = district.run(must_converge=False).last
    about = linearise(
        district.ring,
        replace(district.rows, devices={}),
        done.flows,
        done.ring,
        trust_region_k=1.0,
        cost_eur=1.0,
        given_cost_eur=0.0,
        iteration=0,
        prices=Prices.of(district.rows, done.cost.price_eur_per_kwh, done.dispatch),
    )
    expected = np.sum(list(done.ring.q_bal_kw.values()), axis=0) + done.ring.pump_heat_kw
    np.testing.assert_allclose(about.given_kw, expected, atol=1e-6)
