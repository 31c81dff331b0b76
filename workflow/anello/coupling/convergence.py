"""When the coupling has converged, and the record that says so.

Only the standard library and numpy: the check runs as a small job of its own after every iteration.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anello.base.files import write_text
from anello.coupling.config import CouplingConfig
from anello.errors import ArtefactError, NotConvergedError

Floats = NDArray[np.float64]

CRITICAL_REACH_K = 0.01
"""Reach within which nothing worth while may be promised, whatever the trust region [K]."""

COLLAPSED_K = 1e-3
"""A trust region that broken promises have made smaller than this will find nothing more [K]."""

KEPT = 0.5
"""A promise is kept where the simulation finds at least this share of it [-]."""

SETTLED_COP = 1e-9
"""A simulated COP this close to the one used is the fixed point itself [-]."""


@dataclass(frozen=True)
class SlpStep:
    """The verdict on one iteration of a sequential linear programme.

    Attributes
    ----------
    trust_region_k : float or None
        Trust region of the programme; None in the first, which has none [K].
    next_trust_region_k : float
        Trust region of the next programme [K].
    predicted_decrease_eur : float or None
        Cost of the incumbent less the programme's cost; None in the first [€].
    rho : float or None
        Actual decrease of the simulated true cost over the predicted one [-].
    accepted : bool
        The dispatch became the incumbent.
    temperature_gap_k : float
        Largest difference between the ring temperature of programme and simulation [K].
    parting : str
        Where and when programme and simulation differ most, in words.
    """

    trust_region_k: float | None
    next_trust_region_k: float
    predicted_decrease_eur: float | None
    rho: float | None
    accepted: bool
    temperature_gap_k: float
    parting: str = ""

    @property
    def criticality_eur(self) -> float | None:
        """Most that the programme could promise within `CRITICAL_REACH_K`; None in the first [€].

        What a linear programme promises is concave in the width of its bounds and nothing at none,
        so that Δ' > Δ promises at most Δ'/Δ times as much (Conn, Gould and Toint, Trust-Region
        Methods, 2000, section 12.1, has the measure). Unlike the promise itself, it does not vanish
        because the trust region does.
        """
        if self.predicted_decrease_eur is None or self.trust_region_k is None:
            return self.predicted_decrease_eur
        return self.predicted_decrease_eur * max(1.0, CRITICAL_REACH_K / self.trust_region_k)


@dataclass(frozen=True)
class CouplingState:
    """One iteration, as far as the next one and the check need it.

    Attributes
    ----------
    nodes : tuple of str
        Heat pumps, `location::technology`.
    temperature_degc : ndarray, shape (T + 1,)
        Simulated ring temperature [°C].
    cop_used, cop_simulated : ndarray, shape (H, T)
        COP the dispatch used, and the one the ring's simulation found [-].
    q_kw : ndarray, shape (H, T)
        Thermal output [kW].
    j_lp_eur, j_sim_eur : float
        The optimiser's real cost, and the simulated true cost [€].
    audit_relative : float
        Energy imbalance of the ring relative to its throughput [-].
    steps_at_bound : int
        Ring states at or beyond a bound.
    investment_eur : float
        Part of both costs that is capacity, not operation [€].
    slp : SlpStep or None
        The verdict on the step; SLP only.
    """

    nodes: tuple[str, ...]
    temperature_degc: Floats
    cop_used: Floats
    cop_simulated: Floats
    q_kw: Floats
    j_lp_eur: float
    j_sim_eur: float
    audit_relative: float
    steps_at_bound: int
    investment_eur: float = 0.0
    slp: SlpStep | None = None


@dataclass(frozen=True)
class IterationRecord:
    """What one iteration changed.

    Attributes
    ----------
    iteration : int
        Number, from 0.
    max_delta_t_k, rms_delta_t_k : float or None
        Change of ring temperature against the iteration before; None in the first [K].
    mean_relative_change : float or None
        Mean of |ΔT/T_previous| over the start-of-step states, the original's measure [-].
    max_delta_cop : float
        Largest difference between simulated and used COP while running [-].
    j_lp_eur, j_sim_eur : float
        The optimiser's real cost, and the simulated true cost [€].
    ring_residual : float
        Energy imbalance relative to throughput [-].
    steps_at_bound : int
        Ring states at or beyond a bound.
    converged : bool
        The criterion is met.
    trust_region_k, rho, predicted_decrease_eur : float or None
        Trust region [K], actual/predicted decrease [-], predicted decrease [€]; SLP only.
    accepted : bool or None
        The step became the incumbent; SLP only.
    temperature_gap_k : float or None
        Largest difference between the ring temperature of programme and simulation; SLP only [K].
    investment_eur : float
        Part of both costs that is capacity, not operation [€].
    criticality_eur : float or None
        What the programme could still promise within a fixed small reach; SLP only [€].
    stalled : bool
        Broken promises have shrunk the trust region to nothing without convergence; SLP only.
    parting : str
        Where and when programme and simulation differ most, in words; SLP only.
    """

    iteration: int
    max_delta_t_k: float | None
    rms_delta_t_k: float | None
    mean_relative_change: float | None
    max_delta_cop: float
    j_lp_eur: float
    j_sim_eur: float
    ring_residual: float
    steps_at_bound: int
    converged: bool
    trust_region_k: float | None = None
    rho: float | None = None
    predicted_decrease_eur: float | None = None
    accepted: bool | None = None
    temperature_gap_k: float | None = None
    investment_eur: float = 0.0
    criticality_eur: float | None = None
    stalled: bool = False
    parting: str = ""

    @property
    def cost_gap(self) -> float:
        """|J_LP − J_sim| relative to the simulated cost of operation [-]."""
        return abs(self.j_lp_eur - self.j_sim_eur) / max(abs(self.operation_eur), 1e-9)

    @property
    def operation_eur(self) -> float:
        """Simulated true cost without capacity [€]."""
        return self.j_sim_eur - self.investment_eur


@dataclass(frozen=True)
class ConvergenceRecord:
    """The whole course of a coupling up to now.

    Attributes
    ----------
    method : str
        `slp` or `fixed_point`.
    criterion : str
        `max_change`, `mean_relative_change` or `slp`.
    tolerance : float
        Limit of the criterion [K] or [-].
    max_iterations : int
        Iterations allowed.
    trace : tuple of IterationRecord
        Every iteration, in order.
    """

    method: str
    criterion: str
    tolerance: float
    max_iterations: int
    trace: tuple[IterationRecord, ...] = field(default_factory=tuple)

    @property
    def converged(self) -> bool:
        """The last iteration meets the criterion."""
        return bool(self.trace) and self.trace[-1].converged

    @property
    def stalled(self) -> bool:
        """The last step left a trust region in which no promise is kept."""
        return bool(self.trace) and self.trace[-1].stalled

    @property
    def finished(self) -> bool:
        """Nothing more is to be computed: converged, stalled, or at the limit of iterations."""
        return self.converged or self.stalled or len(self.trace) >= self.max_iterations

    @property
    def best(self) -> IterationRecord:
        """The incumbent of an SLP, else the iteration with the least simulated true cost."""
        accepted = [step for step in self.trace if step.accepted]
        return accepted[-1] if accepted else min(self.trace, key=lambda step: step.j_sim_eur)

    @property
    def result_iteration(self) -> int:
        """The iteration whose dispatch is the result: the incumbent of an SLP, else the last."""
        return self.best.iteration if self.method == "slp" else self.trace[-1].iteration

    def to_json(self) -> str:
        """Return the record as JSON; equal records give equal text."""
        content = {
            "converged": self.converged,
            "stalled": self.stalled,
            "finished": self.finished,
            "iteration": self.trace[-1].iteration if self.trace else None,
            "delta": self.trace[-1].max_delta_t_k if self.trace else None,
            "best_iteration": self.best.iteration if self.trace else None,
            "result_iteration": self.result_iteration if self.trace else None,
            "best_j_sim_eur": self.best.j_sim_eur if self.trace else None,
            "method": self.method,
            "criterion": self.criterion,
            "tolerance": self.tolerance,
            "max_iterations": self.max_iterations,
            "trace": [asdict(step) for step in self.trace],
        }
        return json.dumps(content, indent=1, allow_nan=False) + "\n"

    def write(self, path: str | Path) -> None:
        """Write the record, whole or not at all."""
        write_text(path, self.to_json())

    @classmethod
    def from_json(cls, text: str, where: str = "convergence record") -> ConvergenceRecord:
        """Read what `to_json` wrote.

        Raises
        ------
        ArtefactError
            If the text is not such a record.
        """
        try:
            content = json.loads(text)
            known = {f.name for f in fields(IterationRecord)}
            return cls(
                method=content["method"],
                criterion=content["criterion"],
                tolerance=content["tolerance"],
                max_iterations=content["max_iterations"],
                trace=tuple(
                    IterationRecord(**{k: v for k, v in step.items() if k in known})
                    for step in content["trace"]
                ),
            )
        except (ValueError, KeyError, TypeError) as fault:
            raise ArtefactError(f"{where}: not a convergence record ({fault})") from fault

    @classmethod
    def read(cls, path: str | Path) -> ConvergenceRecord:
        """Read a record from a file.

        Raises
        ------
        ArtefactError
            If the file is missing or no convergence record.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise ArtefactError(f"{path}: cannot be read ({fault})") from fault
        return cls.from_json(text, str(path))


@dataclass(frozen=True)
class Criterion:
    """The stopping rule of a fixed point.

    Attributes
    ----------
    name : str
        `max_change` or `mean_relative_change`.
    tolerance : float
        Its limit [K] or [-].
    min_repeats : int
        Iterations after the first before the loop may stop.
    """

    name: str
    tolerance: float
    min_repeats: int


def criterion_of(config: CouplingConfig, active_oddities: frozenset[str]) -> Criterion:
    """Return the stopping rule that settings and compatibility mode imply.

    Parameters
    ----------
    config : CouplingConfig
        The coupling's settings.
    active_oddities : frozenset of str
        Oddities of the ring that are on.

    Returns
    -------
    Criterion
        The rule.
    """
    original = "eleven_iterations_at_least" in active_oddities
    name = config.criterion or ("mean_relative_change" if original else "max_change")
    repeats = config.min_repeats if config.min_repeats is not None else (11 if original else 0)
    limit = config.mean_relative_tolerance if name == "mean_relative_change" else config.tolerance_k
    return Criterion(name, limit, repeats)


def compare(
    iteration: int, current: CouplingState, previous: CouplingState | None
) -> IterationRecord:
    """Measure what an iteration changed; whether that is converged is decided elsewhere.

    Parameters
    ----------
    iteration : int
        Number of the current iteration, from 0.
    current : CouplingState
        This iteration.
    previous : CouplingState or None
        The iteration before it.

    Returns
    -------
    IterationRecord
        The measures, with `converged` false.
    """
    max_delta = rms = relative = None
    if previous is not None:
        delta = current.temperature_degc - previous.temperature_degc
        max_delta = float(np.abs(delta).max())
        rms = float(np.sqrt(np.mean(delta**2)))
        before = previous.temperature_degc[:-1]
        if (np.abs(before) > 1e-9).all():
            relative = float(np.mean(np.abs(delta[:-1] / before)))
    running = current.q_kw > 1e-6
    change = np.abs(current.cop_simulated - current.cop_used)[running]
    return IterationRecord(
        iteration=iteration,
        max_delta_t_k=max_delta,
        rms_delta_t_k=rms,
        mean_relative_change=relative,
        max_delta_cop=float(change.max(initial=0.0)),
        j_lp_eur=float(current.j_lp_eur),
        j_sim_eur=float(current.j_sim_eur),
        ring_residual=float(current.audit_relative),
        steps_at_bound=int(current.steps_at_bound),
        converged=False,
        investment_eur=float(current.investment_eur),
    )


def check_fixed_point(
    config: CouplingConfig,
    active_oddities: frozenset[str],
    current: CouplingState,
    previous: CouplingState | None,
    record: ConvergenceRecord | None,
) -> ConvergenceRecord:
    """Append an iteration to the record of a fixed point, and decide whether it has converged.

    A relaxed step changes less than a full one by the factor ω; the temperature change is divided
    by ω before it is compared, so that relaxing cannot feign convergence.

    Parameters
    ----------
    config : CouplingConfig
        The coupling's settings.
    active_oddities : frozenset of str
        Oddities of the ring that are on.
    current, previous : CouplingState
        This iteration and the one before; None in the first.
    record : ConvergenceRecord or None
        The record so far; None in the first.

    Returns
    -------
    ConvergenceRecord
        With one iteration more.
    """
    rule = criterion_of(config, active_oddities)
    trace = record.trace if record is not None else ()
    step = compare(len(trace), current, previous)
    settled = (
        float(np.abs(current.cop_simulated - current.cop_used).max(initial=0.0)) <= SETTLED_COP
    )
    if settled:
        done = True
    elif step.iteration < rule.min_repeats or previous is None:
        done = False
    elif rule.name == "mean_relative_change":
        done = step.mean_relative_change is not None and step.mean_relative_change <= rule.tolerance
    else:
        assert step.max_delta_t_k is not None
        done = step.max_delta_t_k / config.fixed_point.relaxation <= rule.tolerance
    finished = IterationRecord(**{**asdict(step), "converged": done})
    return ConvergenceRecord(
        method="fixed_point",
        criterion=rule.name,
        tolerance=rule.tolerance,
        max_iterations=config.max_iterations,
        trace=(*trace, finished),
    )


def check_slp(
    config: CouplingConfig,
    current: CouplingState,
    previous: CouplingState | None,
    record: ConvergenceRecord | None,
) -> ConvergenceRecord:
    """Append an iteration to the record of an SLP, and decide whether it has converged.

    Converged means stationary: within a fixed small reach the programme promises less than
    `predicted_decrease` of the cost of operation (see :attr:`SlpStep.criticality_eur`), a promise
    has been kept where there were any, programme and simulation agree on the cost within
    `cost_gap`, and on the ring's temperature within `tolerance_k` in every step. A trust region
    that broken promises have made smaller than `COLLAPSED_K` without this is stalled.

    Parameters
    ----------
    config : CouplingConfig
        The coupling's settings.
    current, previous : CouplingState
        This iteration and the one before; None in the first.
    record : ConvergenceRecord or None
        The record so far; None in the first.

    Returns
    -------
    ConvergenceRecord
        With one iteration more.
    """
    trace = record.trace if record is not None else ()
    base = compare(len(trace), current, previous)
    step = current.slp
    assert step is not None
    least_eur = config.predicted_decrease * abs(base.operation_eur)
    critical_eur = step.criticality_eur
    done = (
        critical_eur is not None
        and critical_eur <= least_eur
        and _promises_kept(least_eur, step, trace)
        and base.cost_gap <= config.cost_gap
        and step.temperature_gap_k <= config.tolerance_k
    )
    broken = step.rho is not None and step.rho < KEPT
    collapsed = broken and step.next_trust_region_k < COLLAPSED_K
    finished = IterationRecord(
        **{
            **asdict(base),
            "converged": done,
            "trust_region_k": step.trust_region_k,
            "rho": step.rho,
            "predicted_decrease_eur": step.predicted_decrease_eur,
            "accepted": step.accepted,
            "temperature_gap_k": step.temperature_gap_k,
            "criticality_eur": critical_eur,
            "stalled": collapsed and not done,
            "parting": step.parting,
        }
    )
    return ConvergenceRecord(
        method="slp",
        criterion="slp",
        tolerance=config.tolerance_k,
        max_iterations=config.max_iterations,
        trace=(*trace, finished),
    )


def _promises_kept(least_eur: float, step: SlpStep, trace: Sequence[IterationRecord]) -> bool:
    """Whether a promise of more than `least_eur` was kept by the simulation, if there was any."""
    verdicts = [(one.rho, one.predicted_decrease_eur) for one in trace]
    verdicts.append((step.rho, step.predicted_decrease_eur))
    promising = [
        rho for rho, promise in verdicts if rho is not None and (promise or 0.0) > least_eur
    ]
    return not promising or max(promising) >= KEPT


def require_converged(record: ConvergenceRecord, name: str = "the coupling") -> ConvergenceRecord:
    """Raise unless the record ends converged.

    Parameters
    ----------
    record : ConvergenceRecord
        The record.
    name : str
        What did not converge, for the message.

    Returns
    -------
    ConvergenceRecord
        The same record.

    Raises
    ------
    NotConvergedError
        If the last iteration does not meet the criterion.
    """
    if record.converged:
        return record
    if not record.trace:
        raise NotConvergedError(f"{name}: no iteration was run")
    last, best = record.trace[-1], record.best
    changes = ", ".join(
        "–" if step.max_delta_t_k is None else f"{step.max_delta_t_k:.3g}" for step in record.trace
    )
    if record.stalled:
        worst = f" Programme and simulation part most at {last.parting}." if last.parting else ""
        raise NotConvergedError(
            f"{name} is stalled in iteration {last.iteration}: the trust region has shrunk to "
            f"{last.trust_region_k:.2g} K because the simulation does not keep what the programme "
            f"promises (last promise {last.predicted_decrease_eur:.2f} €, ρ = {last.rho:.2g}), and "
            f"within {CRITICAL_REACH_K:g} K it still promises up to {last.criticality_eur:.2f} €. "
            f"Best simulated true cost {best.j_sim_eur:.2f} € in iteration {best.iteration}, which "
            f"is no optimum.{worst} {_remedy(record)}"
        )
    raise NotConvergedError(
        f"{name} did not converge within {record.max_iterations} iterations "
        f"({record.method}, {record.criterion} ≤ {record.tolerance:g}). "
        f"max |ΔT| by iteration [K]: {changes}. Last simulated true cost {last.j_sim_eur:.2f} € "
        f"(the optimiser reported {last.j_lp_eur:.2f} €); best {best.j_sim_eur:.2f} € in iteration "
        f"{best.iteration}. Raise `coupling.max_iterations`, relax the steps, or choose "
        "`coupling.method: slp`"
    )


def _remedy(record: ConvergenceRecord) -> str:
    """What to do about a stalled search."""
    kept = any((one.rho or 0.0) >= KEPT for one in record.trace)
    if kept:
        return "Widen the ring's bounds or the plant where they part, or relax `coupling.cost_gap`"
    return (
        "No promise was ever kept: on a loop, let the programme see where the water is warm "
        "(`coupling.slp.loop_waves: 1` or more), run fewer days, or use "
        "`coupling.method: fixed_point`"
    )


def read_state(path: str | Path) -> CouplingState:
    """Read from a ring's NetCDF file what the check needs, without xarray.

    Parameters
    ----------
    path : path-like
        File written from `anello.ring.adapt.ring_dataset`, with the attributes `j_lp_eur`,
        `j_sim_eur`, `investment_eur` and `slp`.

    Returns
    -------
    CouplingState
        The iteration.

    Raises
    ------
    ArtefactError
        If the file is missing, corrupt or incomplete.
    """
    import netCDF4

    try:
        with netCDF4.Dataset(str(path)) as file:
            audit = json.loads(file.getncattr("audit"))
            low, high = (float(value) for value in file.getncattr("bounds_degc"))
            temperature = np.asarray(file["temperature_degc"][:], dtype=float)
            return CouplingState(
                nodes=tuple(str(node) for node in file["node"][:]),
                temperature_degc=temperature,
                cop_used=np.asarray(file["cop_dispatch"][:], dtype=float),
                cop_simulated=np.asarray(file["cop"][:], dtype=float),
                q_kw=np.asarray(file["q_kw"][:], dtype=float),
                j_lp_eur=float(file.getncattr("j_lp_eur")),
                j_sim_eur=float(file.getncattr("j_sim_eur")),
                audit_relative=abs(audit["residual_kwh"]) / max(audit["throughput_kwh"], 1e-9),
                steps_at_bound=int(
                    ((temperature <= low + 1e-6) | (temperature >= high - 1e-6)).sum()
                ),
                investment_eur=float(file.getncattr("investment_eur")),
                slp=SlpStep(**json.loads(slp)) if (slp := file.getncattr("slp")) else None,
            )
    except (OSError, AttributeError, IndexError, KeyError, ValueError) as fault:
        raise ArtefactError(f"{path}: not a ring's result ({fault})") from fault


# --- oscillation --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Flip:
    """How a heat pump's dispatch chatters.

    Attributes
    ----------
    node : str
        The heat pump, `location::technology`.
    steps : int
        Time steps whose output goes up and down again over the last iterations.
    energy_kwh : float
        Thermal energy moved by these steps, mean per iteration [kWh].
    worst_steps : tuple of int
        Positions of the time steps that swing most.
    largest_kw : float
        Largest swing [kW].
    """

    node: str
    steps: int
    energy_kwh: float
    worst_steps: tuple[int, ...]
    largest_kw: float


@dataclass(frozen=True)
class OscillationReport:
    """Whether, where and at what cost a fixed point chatters.

    Attributes
    ----------
    oscillating : bool
        Temperature changes no longer shrink, and outputs go to and fro.
    period : int or None
        Iterations after which the ring temperature nearly returns; None if no cycle shows.
    cost_spread_eur : float
        Largest less smallest simulated true cost over the last iterations [€].
    best_j_sim_eur : float
        Smallest simulated true cost over them [€].
    flips : tuple of Flip
        Heat pumps, the worst first.
    advice : str
        What to do.
    """

    oscillating: bool
    period: int | None
    cost_spread_eur: float
    best_j_sim_eur: float
    flips: tuple[Flip, ...]
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def text(self, times: Sequence[object] | None = None) -> str:
        """Return the report as a few sentences; `times` labels the time steps."""
        if not self.oscillating:
            return f"No oscillation: {self.advice}"
        cycle = (
            f"returns after {self.period} iterations"
            if self.period is not None
            else "does not settle on a cycle"
        )
        lines = [
            f"The fixed point oscillates: the ring temperature {cycle}; the simulated true cost "
            f"swings by {self.cost_spread_eur:.2f} € above {self.best_j_sim_eur:.2f} €."
        ]
        for flip in self.flips:
            where = ", ".join(
                str(times[step]) if times is not None else f"step {step}"
                for step in flip.worst_steps
            )
            lines.append(
                f"- {flip.node}: {flip.steps} steps flip, {flip.energy_kwh:.0f} kWh per iteration, "
                f"up to {flip.largest_kw:.0f} kW; worst at {where}"
            )
        lines.append(self.advice)
        return "\n".join(lines)


def oscillation_report(
    states: Sequence[CouplingState], step_h: Floats | None = None, window: int = 6
) -> OscillationReport:
    """Say whether the last iterations chatter, where, and what that costs.

    A time step flips when its output changes direction from one iteration to the next by more than
    1 % of the heat pump's peak.

    Parameters
    ----------
    states : sequence of CouplingState
        Iterations in order; the last `window` are looked at.
    step_h : ndarray, shape (T,), optional
        Length of the time steps; 1 h by default [h].
    window : int
        Number of iterations to look at.

    Returns
    -------
    OscillationReport
        The finding.
    """
    recent = list(states[-window:])
    costs = [state.j_sim_eur for state in recent]
    spread = max(costs) - min(costs) if costs else 0.0
    best = min(costs) if costs else math.nan
    if len(recent) < 3:
        return OscillationReport(
            False, None, spread, best, (), "fewer than three iterations show nothing."
        )
    temperature = np.array([state.temperature_degc for state in recent])
    change = np.abs(np.diff(temperature, axis=0)).max(axis=1)
    q = np.array([state.q_kw for state in recent])
    hours = np.ones(q.shape[2]) if step_h is None else step_h
    peak = q.max(axis=(0, 2))
    swing = np.diff(q, axis=0)
    counts = np.abs(swing) > np.maximum(0.01 * peak, 1e-6)[None, :, None]
    back = (swing[1:] * swing[:-1] < 0) & counts[1:] & counts[:-1]
    flipping = back.any(axis=0)
    size = np.abs(swing).max(axis=0) * flipping
    flips = []
    for row, node in enumerate(recent[-1].nodes):
        steps = int(flipping[row].sum())
        if not steps:
            continue
        order = np.argsort(-size[row], kind="stable")[: min(5, steps)]
        moved = (np.abs(swing[:, row]).mean(axis=0) * flipping[row] * hours).sum()
        flips.append(
            Flip(
                node,
                steps,
                float(moved),
                tuple(int(step) for step in order),
                float(size[row].max()),
            )
        )
    flips.sort(key=lambda flip: -flip.energy_kwh)

    shrinking = change[-1] < 0.5 * change[0]
    small = change[-1] < 1e-3
    oscillating = bool(not shrinking and not small and (flips or change[-1] > 1e-3))
    period = None
    if oscillating:
        for lag in range(2, len(recent)):
            distance = np.abs(temperature[-1] - temperature[-1 - lag]).max()
            if distance < 0.1 * change.max():
                period = lag
                break
    if not oscillating:
        advice = "the changes shrink from iteration to iteration; more iterations will help."
    elif period == 2:
        advice = (
            "Two dispatches take turns. Relax the step (`coupling.fixed_point.relaxation: 0.5`), "
            "or use `coupling.method: slp`, in which the optimiser sees the COP it causes."
        )
    else:
        advice = (
            "The optimum jumps between vertices of the linear programme, which relaxation only "
            "smears. Use `coupling.method: slp`, in which the optimiser sees the COP it causes; "
            "the best iteration so far is on disk."
        )
    return OscillationReport(oscillating, period, spread, best, tuple(flips), advice)
