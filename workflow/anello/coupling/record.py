"""What the coupling writes down: each iteration's measures, and the chain of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anello.base.files import write_text
from anello.errors import ArtefactError

Floats = NDArray[np.float64]

CRITICAL_REACH_K = 0.01
"""Reach within which nothing worth while may be promised, whatever the trust region [K]."""


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
    corrected : bool
        In the programme heat cost what it does in the simulation, so that a small promise says
        that there is little to gain.
    gap_eur : float or None
        How much better another choice of whole numbers might be in the programme, as far as the
        solver has looked; zero without whole numbers, None where it does not tell [€].
    """

    trust_region_k: float | None
    next_trust_region_k: float
    predicted_decrease_eur: float | None
    rho: float | None
    accepted: bool
    temperature_gap_k: float
    parting: str = ""
    corrected: bool = True
    gap_eur: float | None = 0.0

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
    step_h : ndarray, shape (T,)
        Length of the time steps [h].
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
    step_h: Floats
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
    gap_eur : float or None
        What another choice of whole numbers might save in the programme; SLP only [€].
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
    gap_eur: float | None = 0.0

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
                step_h=np.asarray(file["step_h"][:], dtype=float),
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
