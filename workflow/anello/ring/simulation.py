"""One entrance to all models of the ring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anello.ring.config import RingConfig
from anello.ring.cop import compile_heat_pumps
from anello.ring.cop_config import FixedUse
from anello.ring.exchange import RingInput, RingResult
from anello.ring.iccep2019 import START_COP
from anello.ring.loop import simulate_loop
from anello.ring.mixed import simulate_mixed
from anello.ring.two_pipe import simulate_two_pipe

Floats = NDArray[np.float64]


def simulate(
    config: RingConfig,
    data: RingInput,
    *,
    schedule: Mapping[str, Floats] | None = None,
    use_degc: Floats | None = None,
    folder: Path | None = None,
    field_state_kw: Floats | None = None,
) -> RingResult:
    """Simulate the ring under a given dispatch, and audit its energy.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        The dispatch: H heat pumps, T time steps.
    schedule : mapping of str to ndarray, shape (T,), optional
        Heat of each device of the plant into the ring as the optimiser wants it, infinite for all
        that the device can [kW]; followed when the plant's control is `schedule` or `both`.
    use_degc : ndarray, shape (H, T), optional
        Use temperatures in place of those that follow from the store levels [°C]; the original
        study keeps those of its iteration 0.
    folder : Path, optional
        Where relative table files start.
    field_state_kw : ndarray, shape (J,), optional
        State of the borefield at the start, from the end of another run: `result.field.state_kw`;
        ground that was never used by default [kW].

    Returns
    -------
    RingResult
        Temperatures, COP, electricity, balancing, losses, audit.

    Raises
    ------
    CopRangeError
        If a running heat pump leaves the range of its COP map and clipping was not chosen.
    EnergyAuditError
        If energy is not conserved.
    InputError
        If the dispatch lacks something.
    """
    run = {"loop": simulate_loop, "two_pipe": simulate_two_pipe, "mixed": simulate_mixed}[
        config.model
    ]
    return run(
        config,
        data,
        schedule=schedule,
        use_degc=use_degc,
        folder=folder,
        field_state_kw=field_state_kw,
    )


def first_iteration(config: RingConfig, data: RingInput, folder: Path | None = None) -> RingInput:
    """Return iteration 0's dispatch with the COP from which its ring heat is computed.

    With the oddity `iteration_zero_heat_from_start_cop` that is the start COP, whatever COP the
    dispatch was computed with: the original study's iteration 0 dispatched with the COP files its
    folder held from an earlier run. Otherwise nothing changes.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    data : RingInput
        Dispatch of iteration 0.
    folder : Path, optional
        Where relative table files start.

    Returns
    -------
    RingInput
        The dispatch to simulate.
    """
    if "iteration_zero_heat_from_start_cop" not in config.active_oddities:
        return data
    return replace(data, cop_dispatch=start_cop(config, data.nodes, data.times.size, folder))


def start_cop(
    config: RingConfig, nodes: tuple[str, ...], steps: int, folder: Path | None = None
) -> Floats:
    """Return the COP of iteration 0.

    In `mode: iccep2019` with stores these are the study's start values (3.35 DHW, 4.6 heating,
    7 cooling); otherwise the COP at the initial ring temperature and an empty store.

    Parameters
    ----------
    config : RingConfig
        The ring's settings.
    nodes : tuple of str
        Heat pumps, `location::technology`.
    steps : int
        Number of time steps.
    folder : Path, optional
        Where relative table files start.

    Returns
    -------
    ndarray, shape (H, steps)
        COP [-].
    """
    active = config.active_oddities
    values = []
    for node, pump in compile_heat_pumps(config, nodes, folder).items():
        settings = config.heat_pump(node)
        assert settings is not None
        use = settings.use_temperature
        if isinstance(use, FixedUse):
            degc = use.degc
        elif config.mode == "iccep2019":
            values.append(START_COP[settings.service])
            continue
        elif use.direction == "cold" and "cold_store_warm_when_full" not in active:
            assert use.t_max_degc is not None
            degc = use.t_max_degc
        else:
            assert use.t_min_degc is not None
            degc = use.t_min_degc
        values.append(float(pump.evaluate(config.initial_degc, degc).cop))
    return np.repeat(np.array(values, dtype=float)[:, None], steps, axis=1)
