"""What the plant is told to do: a heat, or all that it can.

Where a programme uses an exchanger to its limit, it is the limit that is meant and not the number,
which holds at the programme's temperatures. The simulation then opens the exchanger fully, and
moves what the temperatures truly allow: less than planned where the water came nearer to the other
side, more where it did not.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from anello.base.labelled import values_of
from anello.ring.config import RingConfig
from anello.ring.devices import plant_devices
from anello.ring.doublet import compile_doublet
from anello.ring.exchange import RingInput
from anello.ring.geometry import flow_series, geometry, reached_on
from anello.ring.plant import passing_each
from anello.ring.rounds import weights_in_mixed_water, weights_of_change

Floats = NDArray[np.float64]

AT_LIMIT = 1e-6
"""An exchanger this near to its limit, relative to it, is open [-]."""


def opened(
    config: RingConfig,
    data: RingInput,
    dispatch: xr.Dataset,
    schedule_kw: Mapping[str, Floats],
) -> dict[str, Floats]:
    """Return the schedule, with infinite heat where an exchanger is used to its limit.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch as the ring sees it.
    dispatch : xarray.Dataset
        With the programme's `ring_temperature`, and `ring_water` of a loop [°C].
    schedule_kw : mapping of str to ndarray, shape (T,)
        Heat into the ring by device [kW].

    Returns
    -------
    dict of str to ndarray, shape (T,)
        Heat into the ring; ±inf for all that the device can move [kW].
    """
    water_degc, kw_per_k = _water(config, data, dispatch)
    ends = dispatch["ring_temperature"].values.reshape(-1).astype(float)
    risen = np.diff(ends, prepend=config.initial_degc)
    told = dict(schedule_kw)
    for device in plant_devices(config.plant, data.surroundings):
        if not device.is_exchanger or device.body_degc is None or not device.ways:
            continue
        conductance = passing_each(device.kw_per_k, kw_per_k)
        if config.model == "loop" and config.loop is not None:
            shape = geometry(config.loop, config.medium)
            per_kw = data.step_h / shape.capacity_kwh_per_k
            reached = reached_on(config.loop, shape, kw_per_k, data.step_h)
            weight = weights_of_change(conductance, kw_per_k, per_kw, reached)
        else:
            per_kw = data.step_h / config.mixed_kwh_per_k
            weight = weights_in_mixed_water(conductance, config.loss.ua_kw_per_k, per_kw)
        met_degc = water_degc + weight * risen
        heat = schedule_kw.get(device.name, np.zeros(data.times.size))
        most_kw = np.where(heat > 0, device.heating_kw, device.cooling_kw)
        body_degc = device.body_degc
        if device.name == "wells" and "ring_well_shift" in dispatch:
            body_degc = body_degc + _shift_k(config, data, dispatch)
        limit = np.minimum(conductance * np.abs(body_degc - met_degc), most_kw)
        full = (np.abs(heat) >= (1.0 - AT_LIMIT) * limit - AT_LIMIT) & (np.abs(heat) > AT_LIMIT)
        told[device.name] = np.where(full, np.copysign(np.inf, heat), heat)
    return told


def _shift_k(config: RingConfig, data: RingInput, dispatch: xr.Dataset) -> Floats:
    """Return the shift of the wells' supply in the programme, shape (T,) [K]."""
    assert config.plant is not None
    doublet = compile_doublet(config.plant.wells, data.step_h)
    assert doublet is not None
    shift: Floats = dispatch["ring_well_shift"].values.reshape(-1)[doublet.block_of]
    return shift


def _water(config: RingConfig, data: RingInput, dispatch: xr.Dataset) -> tuple[Floats, Floats]:
    """Return the water at the plant in the programme [°C], and heat per kelvin of it [kW/K]."""
    if config.model != "loop" or config.loop is None:
        ends = dispatch["ring_temperature"].values.reshape(-1)
        water = np.concatenate([[config.initial_degc], ends[:-1]])
        return water, np.full(data.times.size, np.inf)
    name = config.loop.substations[config.loop.plant_station].name
    water = values_of(dispatch, "ring_water", ("place", "timestep"), place=[name])[0].astype(float)
    flow = np.abs(flow_series(config, data)) * config.medium.kj_per_kgk
    return water, flow
