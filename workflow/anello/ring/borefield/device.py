"""A borefield as a device of the plant: what it offers in a step, and what is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anello.base.year import is_a_year
from anello.errors import ConfigError, EnergyAuditError, InputError, Problem
from anello.ring.borefield.config import BorefieldConfig
from anello.ring.borefield.field import Borefield, compile_borefield, repeat

Floats = NDArray[np.float64]
_AUDIT_K = 1e-6


@dataclass(frozen=True)
class FieldResult:
    """What a borefield did in a run.

    Attributes
    ----------
    wall_degc : ndarray, shape (T + 1,)
        Mean borehole wall at the start of each step, and at the end [°C].
    entering_degc, leaving_degc : ndarray, shape (T,)
        Fluid that enters and leaves the boreholes, at the end of each step [°C].
    water_degc : ndarray, shape (T,)
        The ring's water that meets the field, as it is at the start of each step [°C].
    state_kw : ndarray, shape (J,)
        State at the end, from which another run may go on [kW].
    horizon_degc : ndarray, shape (T,), optional
        Wall at the end of each step of the horizon's last year, if this year is repeated; only of
        a run that is a year long [°C].
    horizon_entering_degc : ndarray, shape (T,), optional
        Fluid that enters the boreholes in that year [°C].
    year_degc : ndarray, shape (4, N), optional
        Lowest and highest wall, lowest and highest entering fluid in each year until then [°C].
    """

    wall_degc: Floats
    entering_degc: Floats
    leaving_degc: Floats
    water_degc: Floats
    state_kw: Floats
    horizon_degc: Floats | None = None
    horizon_entering_degc: Floats | None = None
    year_degc: Floats | None = None


class FieldOnRing:
    """A borefield that exchanges heat with the ring, step by step.

    Parameters
    ----------
    config : BorefieldConfig
        The settings.
    step_h : ndarray, shape (T,)
        Length of the steps [h].
    state_kw : ndarray, shape (J,), optional
        State at the start; ground that was never used by default [kW].
    folder : Path, optional
        Where relative files start, and where the g-function is kept.

    Raises
    ------
    InputError
        If the state is not that of this field.
    """

    def __init__(
        self,
        config: BorefieldConfig,
        step_h: Floats,
        *,
        state_kw: Floats | None = None,
        folder: Path | None = None,
    ) -> None:
        self.config = config
        self.field: Borefield = compile_borefield(config, folder)
        self.always = config.always
        self.step_h = step_h
        self._start = self.field.rest() if state_kw is None else np.asarray(state_kw, dtype=float)
        if self._start.shape != self.field.chain.tau_h.shape:
            raise InputError(
                Problem(
                    f"{self._start.size} numbers for the {self.field.chain.tau_h.size} states of "
                    "this borefield",
                    key="field_state_kw",
                    suggestion="Give the end of a run with the same borefield, or nothing",
                )
            )
        self._state = self._start
        self.heat_kw = np.zeros(step_h.size)
        self.water_degc = np.empty(step_h.size)
        self.passing_kw_per_k = np.full(step_h.size, inf)
        self.wall_degc = np.empty(step_h.size + 1)
        self.wall_degc[0] = self.field.wall_degc(self._start)
        self.body_degc, self._drop_k_per_kw = self.field.undisturbed_degc, 0.0

    def arrives(self, step: int, water_degc: float, passing_kw_per_k: float) -> None:
        """Note the water that comes to the field in a step.

        Parameters
        ----------
        step : int
            Time step; the next after the last that was taken.
        water_degc : float
            The ring's water as it is at the step's start [°C].
        passing_kw_per_k : float
            Its heat capacity flow; infinite for well-mixed water [kW/K].
        """
        self.water_degc[step] = water_degc
        self.passing_kw_per_k[step] = passing_kw_per_k
        self.body_degc, self._drop_k_per_kw = self.field.answer(
            self._state, float(self.step_h[step])
        )

    def conductances(self, passing_kw_per_k: Floats) -> Floats:
        """Return the heat per kelvin between idle wall and water in each step, (T,) [kW/K].

        Parameters
        ----------
        passing_kw_per_k : ndarray, shape (T,)
            Heat capacity flow of the ring's water [kW/K].
        """
        drops = {
            hours: self.field.answer(self._start, hours)[1] for hours in set(self.step_h.tolist())
        }
        steps = zip(self.step_h.tolist(), passing_kw_per_k.tolist(), strict=True)
        return np.array([self.field.conductance_kw_per_k(drops[h], kw) for h, kw in steps])

    def limits_kw(self, water_degc: float, passing_kw_per_k: float) -> tuple[float, float]:
        """Return the most heat out of the ring (≤ 0) and into it (≥ 0) in the step at hand [kW].

        Parameters
        ----------
        water_degc : float
            The ring's water that the field meets on average in the step [°C].
        passing_kw_per_k : float
            Its heat capacity flow, as it was when the water arrived [kW/K].
        """
        drop = self._drop_k_per_kw
        per_k = self.field.conductance_kw_per_k(drop, passing_kw_per_k)
        most = per_k * (self.body_degc - water_degc)
        out, into = self.field.limits_kw(self.body_degc, drop, passing_kw_per_k)
        return max(min(most, 0.0), out), min(max(most, 0.0), into)

    def take(self, step: int, heat_kw: float) -> None:
        """Take heat out of the ground during a step [kW]."""
        self.heat_kw[step] = heat_kw
        self._state = self.field.advance(self._state, heat_kw, float(self.step_h[step]))
        self.wall_degc[step + 1] = self.field.wall_degc(self._state)

    def closed(self, step: int, met_degc: float, times: float) -> float:
        """Return which part of the water's difference to the ground was closed in a step [-].

        Parameters
        ----------
        step : int
            Time step.
        met_degc : float
            The ring's water that the field met on average [°C].
        times : float
            How often the water passed.
        """
        most = self.passing_kw_per_k[step] * (self.body_degc - met_degc)
        share = 0.0 if most == 0.0 else min(1.0, max(0.0, float(self.heat_kw[step] / most)))
        return 1.0 - float((1.0 - share) ** times)

    def result(self) -> FieldResult:
        """Return what the field did, audited.

        Raises
        ------
        EnergyAuditError
            If the recorded heat does not lead to the recorded wall.
        """
        ends = self.wall_degc[1:]
        again = self.field.walls_degc(self.heat_kw, self.step_h, self._start)
        worst = float(np.abs(again - ends).max(initial=0.0))
        if not worst <= _AUDIT_K:
            raise EnergyAuditError(
                f"the borefield's wall is {worst:.3g} K from what its recorded heat leads to"
            )
        entering, leaving = self.field.fluid(ends, self.heat_kw, self.passing_kw_per_k)
        known: dict[str, Floats] = {}
        if is_a_year(float(self.step_h.sum())):
            periods = self.config.horizon_years
            years = repeat(self.field, self.heat_kw, self.step_h, periods, self._start)
            # The same heat in the same flow: fluid and wall are as far from each other every year.
            fluid = years.walls_degc + (entering - ends)
            known = {
                "horizon_degc": years.last_degc,
                "horizon_entering_degc": fluid[-1],
                "year_degc": np.array(
                    [
                        years.lowest_degc,
                        years.highest_degc,
                        fluid.min(axis=1),
                        fluid.max(axis=1),
                    ]
                ),
            }
        return FieldResult(
            wall_degc=self.wall_degc,
            entering_degc=entering,
            leaving_degc=leaving,
            water_degc=self.water_degc,
            state_kw=self._state,
            **known,
        )


def fields_on_ring(
    config: BorefieldConfig | None,
    step_h: Floats,
    state_kw: Floats | None,
    folder: Path | None,
) -> dict[str, FieldOnRing]:
    """Return the plant's borefield at the start of a run, by its name; nothing without one.

    Parameters
    ----------
    config : BorefieldConfig or None
        Its settings.
    step_h : ndarray, shape (T,)
        Length of the steps [h].
    state_kw : ndarray, shape (J,), optional
        State of the ground; by default as if it was never used [kW].
    folder : Path, optional
        Where relative table files start.
    """
    if config is None:
        return {}
    return {"borefield": FieldOnRing(config, step_h, state_kw=state_kw, folder=folder)}


def device_stations(
    config: BorefieldConfig | None, substations: Sequence[str], names: Sequence[str], plant: int
) -> list[int]:
    """Return the substation of each device of the plant.

    Parameters
    ----------
    config : BorefieldConfig or None
        The borefield, which may have a substation of its own.
    substations : sequence of str
        Names of the loop's substations.
    names : sequence of str
        Devices; D of them.
    plant : int
        Position of the plant's substation.

    Returns
    -------
    list of int, length D
        Positions.

    Raises
    ------
    ConfigError
        If the borefield's substation is none of the loop's.
    """
    own = plant
    if config is not None and config.substation is not None:
        if config.substation not in substations:
            raise ConfigError(
                Problem(
                    "no substation of the loop has this name",
                    key="ring.plant.borefield.substation",
                    value=config.substation,
                    suggestion=f"One of {', '.join(substations)}",
                )
            )
        own = list(substations).index(config.substation)
    return [own if name == "borefield" else plant for name in names]
