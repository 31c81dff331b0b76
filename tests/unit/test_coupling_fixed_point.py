"""The fixed point: relaxation, acceleration, convergence record, oscillation."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError

from anello.coupling.config import CouplingConfig, FixedPointConfig
from anello.coupling.convergence import check_fixed_point, criterion_of, require_converged
from anello.coupling.fixed_point import CopPair, next_cop, run_fixed_point
from anello.coupling.oscillation import oscillation_report
from anello.coupling.record import ConvergenceRecord, CouplingState
from anello.errors import ArtefactError, NotConvergedError
from anello.ring import iccep2019_ring

NODES = ("a::hp", "b::hp")
ORIGINAL = iccep2019_ring("smart").active_oddities


def config(**changes) -> CouplingConfig:
    return CouplingConfig.model_validate({"method": "fixed_point", **changes})


def toy(gain: float | np.ndarray, steps: int = 4, step_h: float = 1.0):
    """A coupling x → fixed + gain·(x − fixed), whose ring temperature is 15 + 5·(COP − 4)."""
    fixed = 4.0 + np.linspace(0.0, 0.5, 2 * steps).reshape(2, steps)

    def step(iteration: int, cop: np.ndarray) -> CouplingState:
        simulated = fixed + gain * (cop - fixed)
        temperature = np.concatenate([[15.0], 15.0 + 5.0 * (simulated[0] - 4.0)])
        return CouplingState(
            NODES,
            temperature,
            cop,
            simulated,
            100.0 + 50.0 * (simulated - fixed),
            np.full(steps, step_h),
            1000.0 * cop.mean(),
            1000.0 * simulated.mean(),
            1e-12,
            0,
        )

    return step, fixed, np.full((2, steps), 3.0)


def test_a_contraction_converges():
    step, fixed, start = toy(0.5)
    outcome = run_fixed_point(step, start, config(tolerance_k=1e-6, max_iterations=60))
    assert outcome.record.converged
    np.testing.assert_allclose(outcome.last.cop_simulated, fixed, atol=1e-6)
    changes = [entry.max_delta_t_k for entry in outcome.record.trace[1:]]
    np.testing.assert_allclose(np.array(changes[1:]) / changes[:-1], 0.5, rtol=1e-3)
    assert not outcome.oscillation.oscillating


def test_a_tighter_tolerance_takes_more_iterations():
    step, _, start = toy(0.7)
    loose = run_fixed_point(step, start, config(tolerance_k=0.5))
    tight = run_fixed_point(step, start, config(tolerance_k=0.05))
    assert len(tight.record.trace) > len(loose.record.trace)
    assert tight.record.trace[: len(loose.record.trace) - 1] == loose.record.trace[:-1]


def test_an_oscillator_fails_and_is_reported_as_such():
    step, _, start = toy(-1.0)
    seen: list[ConvergenceRecord] = []
    with pytest.raises(NotConvergedError, match=r"did not converge within 8 iterations"):
        run_fixed_point(
            step, start, config(max_iterations=8), on_iteration=lambda _, r: seen.append(r)
        )
    assert seen[-1].finished
    assert not seen[-1].converged
    outcome = run_fixed_point(step, start, config(max_iterations=8), must_converge=False)
    report = outcome.oscillation
    assert report.oscillating
    assert report.period == 2
    assert {flip.node for flip in report.flips} == set(NODES)
    assert report.flips[0].steps == 4
    assert report.cost_spread_eur > 0
    assert "relaxation" in report.advice
    assert "a::hp" in report.text()
    json.dumps(report.to_dict())


def test_relaxation_tames_the_oscillator():
    step, fixed, start = toy(-1.0)
    relaxed = config(tolerance_k=1e-6, fixed_point={"relaxation": 0.5})
    outcome = run_fixed_point(step, start, relaxed)
    np.testing.assert_allclose(outcome.last.cop_simulated, fixed, atol=1e-9)


def test_anderson_solves_a_linear_coupling_in_a_few_steps():
    rng = np.random.default_rng(5)
    gain = np.where(rng.random((2, 4)) > 0.5, -1.5, 0.8)
    step, fixed, start = toy(gain)
    # Two distinct gains: depth 2 finds the fixed point, which plain iteration flees.
    accelerated = config(
        tolerance_k=1e-4, max_iterations=12, fixed_point={"anderson_depth": 2, "relaxation": 0.5}
    )
    outcome = run_fixed_point(step, start, accelerated)
    assert outcome.record.converged
    np.testing.assert_allclose(outcome.last.cop_simulated, fixed, atol=1e-2)


def test_relaxing_cannot_feign_convergence():
    step, _, start = toy(0.99)
    tiny = config(tolerance_k=0.02, max_iterations=3, fixed_point={"relaxation": 0.01})
    with pytest.raises(NotConvergedError):
        run_fixed_point(step, start, tiny)


def test_next_cop_stays_near_what_was_seen():
    used = [np.array([[3.0, 3.1]]), np.array([[3.5, 3.6]])]
    simulated = [np.array([[3.5, 3.6]]), np.array([[3.999, 4.09]])]  # residuals hardly shrink
    history = [CopPair(u, s) for u, s in zip(used, simulated, strict=True)]
    mixed = next_cop(history, FixedPointConfig(anderson_depth=3))
    assert mixed.min() >= 3.0 - 0.5 * 1.09
    assert mixed.max() <= 4.09 + 0.5 * 1.09
    np.testing.assert_array_equal(next_cop(history, FixedPointConfig()), simulated[-1])
    np.testing.assert_allclose(
        next_cop(history, FixedPointConfig(relaxation=0.5)), 0.5 * (used[-1] + simulated[-1])
    )


def test_next_cop_depends_on_the_history_it_needs_and_no_more():
    rng = np.random.default_rng(0)
    history = [CopPair(3 + rng.random((2, 5)), 3 + rng.random((2, 5))) for _ in range(6)]
    settings = FixedPointConfig(anderson_depth=2, relaxation=0.7)
    np.testing.assert_array_equal(next_cop(history, settings), next_cop(history[-3:], settings))


def test_original_criterion_needs_eleven_repeats():
    step, _, start = toy(0.5)
    outcome = run_fixed_point(step, start, config(max_iterations=40), active_oddities=ORIGINAL)
    assert len(outcome.record.trace) == 12
    assert outcome.record.criterion == "mean_relative_change"
    rule = criterion_of(config(), ORIGINAL)
    assert (rule.name, rule.tolerance, rule.min_repeats) == ("mean_relative_change", 0.1, 11)
    sane = criterion_of(config(), ORIGINAL - {"eleven_iterations_at_least"})
    assert (sane.name, sane.min_repeats) == ("max_change", 0)
    explicit = criterion_of(config(criterion="max_change", min_repeats=2), ORIGINAL)
    assert (explicit.name, explicit.min_repeats) == ("max_change", 2)


def test_mean_relative_change_is_the_originals_measure():
    step, _, start = toy(0.5)
    first, second = step(0, start), step(1, start + 0.2)
    record = check_fixed_point(config(), ORIGINAL, first, None, None)
    record = check_fixed_point(config(), ORIGINAL, second, first, record)
    before, after = first.temperature_degc[:-1], second.temperature_degc[:-1]
    assert record.trace[1].mean_relative_change == pytest.approx(
        np.mean(np.abs((after - before) / before))
    )


def test_a_constant_ring_is_settled_at_once():
    step, _, start = toy(1.0)
    outcome = run_fixed_point(step, start, config(), active_oddities=ORIGINAL)
    assert len(outcome.record.trace) == 1
    assert outcome.record.converged


def test_record_round_trip_and_corruption(tmp_path):
    step, _, start = toy(0.5)
    outcome = run_fixed_point(step, start, config(tolerance_k=0.01))
    path = tmp_path / "convergence.json"
    outcome.record.write(path)
    assert ConvergenceRecord.read(path) == outcome.record
    content = json.loads(path.read_text())
    assert content["converged"] is True
    assert content["trace"][0]["max_delta_t_k"] is None
    assert content["best_iteration"] == outcome.record.best.iteration
    first = path.read_bytes()
    outcome.record.write(path)
    assert path.read_bytes() == first
    path.write_text(path.read_text()[:50])
    with pytest.raises(ArtefactError, match="not a convergence record"):
        ConvergenceRecord.read(path)
    with pytest.raises(ArtefactError, match="cannot be read"):
        ConvergenceRecord.read(tmp_path / "absent.json")


def test_an_empty_record_is_not_converged():
    with pytest.raises(NotConvergedError, match="no iteration"):
        require_converged(ConvergenceRecord("fixed_point", "max_change", 0.1, 5))


def test_what_flips_is_an_amount_of_heat_however_long_a_step_is():
    def moved_kwh(step_h: float) -> list[float]:
        step, fixed, _ = toy(-1.0, step_h=step_h)
        found = oscillation_report([step(k, fixed + (-1) ** k * 0.2) for k in range(4)])
        return [flip.energy_kwh for flip in found.flips]

    hourly = moved_kwh(1.0)
    assert min(hourly, default=0.0) > 0.0
    np.testing.assert_allclose(moved_kwh(0.25), np.array(hourly) / 4)


def test_few_iterations_show_no_oscillation():
    step, _, start = toy(-1.0)
    assert not oscillation_report([step(0, start)]).oscillating


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "magic"},
        {"tolerance_k": 0.0},
        {"max_iterations": 0},
        {"fixed_point": {"relaxation": 1.5}},
        {"slp": {"trust_region_k": 20.0}},
        {"slp": {"kept_share": 1.0}},
        {"tolerence_k": 0.1},
    ],
)
def test_faulty_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        CouplingConfig.model_validate(settings)
