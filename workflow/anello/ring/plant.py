"""Balancing plant: wells through a heat exchanger, backup heater, dry cooler."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem
from anello.ring.exchange import DEVICES
from anello.ring.plant_config import PlantConfig

Floats = NDArray[np.float64]


class PlantController:
    """Decides each step what the balancing plant does.

    The controller sees the ring as it is at the start of the step and where it would drift without
    balancing. Wells work first, between the thresholds of the dead band; heater and cooler only
    keep the ring at its bounds. The wells' heat never carries the ring past the well temperature.

    Parameters
    ----------
    config : PlantConfig
        The plant's settings.
    bounds_degc : (float, float)
        Temperatures that heater and cooler defend [°C].
    schedule : mapping of str to ndarray, shape (T,), optional
        Heat into the ring by device, as the optimiser wants it [kW].
    outdoor_degc : ndarray, shape (T,), optional
        Outdoor temperature [°C].

    Raises
    ------
    InputError
        If the dry cooler depends on an outdoor temperature that nobody gives.
    """

    def __init__(
        self,
        config: PlantConfig,
        bounds_degc: tuple[float, float],
        schedule: Mapping[str, Floats] | None = None,
        outdoor_degc: Floats | None = None,
    ) -> None:
        self.config = config
        self.low, self.high = bounds_degc
        self._heating = False
        self._cooling = False
        self.shortfall_kw: list[float] = []
        follows = config.control in ("schedule", "both") and schedule is not None
        self._schedule = (
            [np.asarray(schedule[d], float).tolist() if d in schedule else None for d in DEVICES]
            if follows and schedule is not None
            else None
        )
        if config.dry_cooler.kw_per_k is not None and (
            outdoor_degc is None and config.dry_cooler.outdoor_degc is None
        ):
            raise InputError(
                Problem(
                    "a dry cooler with `kw_per_k` needs an outdoor temperature",
                    key="ring.plant.dry_cooler.outdoor_degc",
                )
            )
        self._deadband = config.control in ("deadband", "both")
        self._outdoor = None if outdoor_degc is None else outdoor_degc.tolist()
        self._well_kw_per_k = config.wells.conductance_kw_per_k
        self._well_max_kw = config.wells.max_kw

    def shortfall_kwh(self, step_h: Floats) -> float:
        """Return the scheduled heat that was not delivered, for steps of this length [h]."""
        if not self.shortfall_kw:
            return 0.0
        return float((np.array(self.shortfall_kw) * step_h).sum())

    def cooler_limit_kw(self, step: int, ring_degc: float) -> float:
        """Return the largest heat the dry cooler can remove [kW]."""
        cooler = self.config.dry_cooler
        if cooler.kw_per_k is None:
            return cooler.max_kw
        outdoor = self._outdoor[step] if self._outdoor is not None else cooler.outdoor_degc
        assert outdoor is not None
        return min(cooler.max_kw, max(0.0, cooler.kw_per_k * (ring_degc - outdoor)))

    def decide(
        self,
        step: int,
        coldest_degc: float,
        warmest_degc: float,
        drift_degc: float,
        k_per_kw: float,
        *,
        loop_kw_per_k: float = float("inf"),
        passes_whole: bool = True,
    ) -> tuple[float, float, float]:
        """Return the heat that wells, heater and cooler put into the ring.

        Parameters
        ----------
        step : int
            Time step.
        coldest_degc, warmest_degc : float
            Water that passes the plant in this step; both the ring temperature when mixed [°C].
        drift_degc : float
            (Mean) ring temperature at the end of the step without balancing [°C].
        k_per_kw : float
            Rise of that temperature per kW over the step [K/kW].
        loop_kw_per_k : float
            Heat capacity flow of the water that passes; the wells warm it to their temperature at
            most [kW/K].
        passes_whole : bool
            Whether all of the ring's water passes in this step. Then its mean cannot be moved past
            the well temperature; else only the water that passes cannot.

        Returns
        -------
        tuple of float
            Wells, backup heater (≥ 0) and dry cooler (≤ 0) [kW].
        """
        config = self.config
        well_degc = config.wells.well_degc
        exchange = min(self._well_kw_per_k, loop_kw_per_k)
        well_heat_max = min(max(0.0, exchange * (well_degc - warmest_degc)), self._well_max_kw)
        well_cool_max = min(max(0.0, exchange * (coldest_degc - well_degc)), self._well_max_kw)
        cooler_max = self.cooler_limit_kw(step, coldest_degc)
        wells = heater = cooler = 0.0
        if self._schedule is not None:
            want = [0.0 if series is None else series[step] for series in self._schedule]
            wells = min(max(want[0], -well_cool_max), well_heat_max)
            if passes_whole:
                wells = self._not_past_the_well(wells, drift_degc, k_per_kw)
            heater = min(max(want[1], 0.0), config.backup_heater.max_kw)
            cooler = max(min(want[2], 0.0), -cooler_max)
            missing = abs(want[0] - wells) + abs(want[1] - heater) + abs(want[2] - cooler)
            self.shortfall_kw.append(missing)
            drift_degc += k_per_kw * (wells + heater + cooler)
        if not self._deadband:
            return wells, heater, cooler

        if drift_degc < config.heat_below_degc:
            self._heating = True
        elif drift_degc >= config.heat_to_degc:
            self._heating = False
        if drift_degc > config.cool_above_degc:
            self._cooling = True
        elif drift_degc <= config.cool_to_degc:
            self._cooling = False

        if self._heating:
            more = (config.heat_to_degc - drift_degc) / k_per_kw
            more = min(more, well_heat_max - wells)
            if passes_whole:
                more = min(more, (well_degc - drift_degc) / k_per_kw)
            more = max(more, 0.0)
            wells += more
            drift_degc += k_per_kw * more
        elif self._cooling:
            more = (drift_degc - config.cool_to_degc) / k_per_kw
            more = min(more, well_cool_max + wells)
            if passes_whole:
                more = min(more, (drift_degc - well_degc) / k_per_kw)
            more = max(more, 0.0)
            wells -= more
            drift_degc -= k_per_kw * more
        if drift_degc < self.low:
            more = min((self.low - drift_degc) / k_per_kw, config.backup_heater.max_kw - heater)
            heater += max(more, 0.0)
        elif drift_degc > self.high:
            more = min((drift_degc - self.high) / k_per_kw, cooler_max + cooler)
            cooler -= max(more, 0.0)
        return wells, heater, cooler

    def _not_past_the_well(self, wells: float, drift_degc: float, k_per_kw: float) -> float:
        room = (self.config.wells.well_degc - drift_degc) / k_per_kw
        return max(0.0, min(wells, room)) if wells > 0 else min(0.0, max(wells, room))


def device_electricity(config: PlantConfig | None, heat_kw: dict[str, Floats]) -> dict[str, Floats]:
    """Return the electricity of each device.

    Parameters
    ----------
    config : PlantConfig or None
        The plant's settings.
    heat_kw : dict of str to ndarray, shape (T,)
        Heat into the ring [kW].

    Returns
    -------
    dict of str to ndarray, shape (T,)
        Electricity [kW].
    """
    if config is None:
        return {device: np.zeros_like(heat) for device, heat in heat_kw.items()}
    return {
        device: getattr(config, device).electricity_kwh_per_kwh * np.abs(heat)
        for device, heat in heat_kw.items()
    }


def device_cost(config: PlantConfig | None, heat_kw: dict[str, Floats], step_h: Floats) -> float:
    """Return the cost of moving heat, apart from electricity.

    Parameters
    ----------
    config : PlantConfig or None
        The plant's settings.
    heat_kw : dict of str to ndarray, shape (T,)
        Heat into the ring [kW].
    step_h : ndarray, shape (T,)
        Length of the time steps, times their weight if they are weighted [h].

    Returns
    -------
    float
        Cost [€].
    """
    if config is None:
        return 0.0
    return float(
        sum(
            getattr(config, device).cost_eur_per_kwh * (np.abs(heat) * step_h).sum()
            for device, heat in heat_kw.items()
        )
    )
