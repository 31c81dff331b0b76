"""Tanks whose sizes are found: a larger one is less warm with the same heat in it.

A store's temperature follows its level E and its size C, ``T = T_empty ± span·E/C``. The programme
has it linear about the incumbent in both, ``T ≈ T̄ ± span·((E − Ē)/C̄ − Ē·(C − C̄)/C̄²)``, and the
trust region holds level and size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from anello.errors import InputError, Problem
from anello.ring.cop_config import StoreUse
from anello.ring.exchange import SMALLEST_STORE_KWH

if TYPE_CHECKING:
    from anello.model.data import ModelData
    from anello.optimise.formulation.ring_rows import RingRows
    from anello.ring.config import RingConfig

Floats = NDArray[np.float64]

SMALLEST = 0.01
"""Share of the largest size about which a smaller tank is linear, so that it may come back [-]."""


def open_tanks(ring: RingConfig, data: ModelData, nodes: tuple[str, ...]) -> dict[str, float]:
    """Return the largest size of each tank whose size is open and that heat pumps follow [kWh].

    Parameters
    ----------
    ring, data : RingConfig, ModelData
        Settings and model.
    nodes : tuple of str
        Heat pumps.

    Raises
    ------
    InputError
        If such a tank has a fixed heat capacity, or no largest size.
    """
    known = {str(node) for node in data.inputs["node"].values[data.nodes("storage")]}
    found: dict[str, float] = {}
    problems = []
    for node in nodes:
        pump = ring.heat_pump(node)
        if pump is None or not isinstance(pump.use_temperature, StoreUse):
            continue
        use = pump.use_temperature
        tank = use.beside(node)
        if tank not in known or np.isfinite(_value(data, "storage_cap_equals", tank)):
            continue
        most = _value(data, "storage_cap_max", tank)
        per_unit = _value(data, "storage_cap_per_unit", tank)
        if use.span_k is None:
            problems.append(
                Problem(
                    f"the size of tank `{tank}` is left open, and its heat capacity is fixed: a "
                    "small tank would never be warm, and a large one warmer than full",
                    key=f"ring.heat_pumps.{node.partition('::')[2]}.use_temperature.kwh_per_k",
                    value=use.kwh_per_k,
                    suggestion="Give `span_k`, the kelvins between empty and full, and `kwh_per_k: "
                    f"null`; or the model's `storage_cap_equals` of `{use.store}`",
                )
            )
        elif not np.isfinite(most) or np.isfinite(per_unit):
            problems.append(
                Problem(
                    "a tank whose size a coupled search finds needs a largest size, and comes in "
                    "no units",
                    key=f"{tank}: storage_cap_max",
                    value=most,
                    suggestion="Give `storage_cap_max` [kWh], or `storage_cap_equals`",
                )
            )
        else:
            found[tank] = most
    if problems:
        raise InputError(problems)
    return found


def _value(data: ModelData, name: str, node: str) -> float:
    found = np.asarray(data.value(name, [node]), dtype=float).reshape(-1)
    return float(found[0])


def largest_kwh(rows: RingRows) -> Floats:
    """Return the largest size of each heat pump's tank; NaN where its size is given, (H,) [kWh]."""
    return np.array([rows.tank_largest_kwh.get(store, np.nan) for store in rows.stores])


def sizes_kwh(rows: RingRows, sizes: Floats | None) -> Floats:
    """Return the size of each heat pump's tank that is open; NaN where it is given, (H,) [kWh]."""
    open_here = np.array([store in rows.tank_largest_kwh for store in rows.stores], dtype=bool)
    known = np.full(open_here.shape, np.nan) if sizes is None else sizes
    found: Floats = np.where(open_here, known, np.nan)
    return found


def less_steep(rows: RingRows, slope: Floats, tank_kwh: Floats) -> Floats:
    """Return kelvins per kWh about the size that a tank is linear about, see `SMALLEST`, (H,)."""
    size = np.maximum(tank_kwh, SMALLEST_STORE_KWH)
    factor = size / np.maximum(size, SMALLEST * largest_kwh(rows))
    found: Floats = np.where(np.isnan(factor), slope, slope * factor)
    return found
