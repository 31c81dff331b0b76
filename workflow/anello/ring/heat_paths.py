"""Between which temperatures heat pumps and plant move heat, for the audit of the second law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from anello.ring.borefield.device import FieldOnRing
from anello.ring.cop import HeatPumpCop
from anello.ring.devices import PlantDevice
from anello.ring.doublet import DoubletOnRing
from anello.ring.exchange import RingInput
from anello.ring.second_law import Exchange

Floats = NDArray[np.float64]


def pump_exchanges(
    data: RingInput,
    pumps: Sequence[HeatPumpCop],
    source: Floats,
    use: Floats,
    p_kw: Floats,
    free_kw: Floats,
) -> Iterator[Exchange]:
    """Heat pumps: from the ring to the use, or from what is cooled to the ring."""
    for row, (node, pump) in enumerate(zip(data.nodes, pumps, strict=True)):
        q_kw, work_kw = data.q_kw[row], p_kw[row]
        free = pump.free_cooling
        if not pump.cooling:
            yield Exchange(node, source[row], use[row], q_kw - work_kw, q_kw)
            continue
        if free is not None:
            share = pump.free_share(source[row], use[row])
            # The coldest that the exchanger cools the circuit to, before the heat pump goes on.
            between_degc = use[row] + free.spread_k * (1.0 - share)
            pumped_kw = free.electricity_kwh_per_kwh * free_kw[row]
            yield Exchange(
                f"{node}, exchanger", between_degc, source[row], free_kw[row], free_kw[row]
            )
            q_kw, work_kw = q_kw - free_kw[row], work_kw - pumped_kw
        yield Exchange(node, use[row], source[row], q_kw, q_kw + work_kw)


def plant_exchanges(
    devices: Sequence[PlantDevice],
    balancing: Mapping[str, Floats],
    per_kwh: Mapping[str, tuple[Floats, Floats]],
    waters_degc: Mapping[str, Floats],
    fields: Mapping[str, FieldOnRing],
    doublet: DoubletOnRing | None,
) -> Iterator[Exchange]:
    """Devices of the plant between the ring's water and what is on their other side."""
    for device in devices:
        heat, body = balancing[device.name], device.body_degc
        water_degc = waters_degc[device.name]
        if device.name in fields:
            body = fields[device.name].wall_degc[1:]
        if device.name == "wells" and doublet is not None and body is not None:
            body = body + doublet.shifts_k
        if body is None or not device.ways:
            continue
        into, out = np.maximum(heat, 0.0), np.maximum(-heat, 0.0)
        work = 0.0 if device.machine is None else per_kwh[device.name][0]
        if np.any(device.heating_kw):
            yield Exchange(device.name, body, water_degc, into * (1.0 - work), into)
        if np.any(device.cooling_kw):
            yield Exchange(device.name, water_degc, body, out, out * (1.0 + work))
