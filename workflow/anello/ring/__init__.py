"""The ring: heat pumps, water loop, balancing plant, and a simulation that conserves energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anello.ring.adjoint import Sensitivity, sensitivity
    from anello.ring.config import RingConfig
    from anello.ring.cost import LocationElectricity, TrueCost, true_cost
    from anello.ring.exchange import Audit, RingInput, RingResult, use_side
    from anello.ring.iccep2019 import iccep2019_ring
    from anello.ring.loop_config import PipeConfig
    from anello.ring.pipe import PipeResult, simulate_pipe
    from anello.ring.simulation import first_iteration, simulate, start_cop

__all__ = [
    "Audit",
    "LocationElectricity",
    "PipeConfig",
    "PipeResult",
    "RingConfig",
    "RingInput",
    "RingResult",
    "Sensitivity",
    "TrueCost",
    "first_iteration",
    "iccep2019_ring",
    "sensitivity",
    "simulate",
    "simulate_pipe",
    "start_cop",
    "true_cost",
    "use_side",
]

# Loaded on first use: the settings of a ring are read where no ring is simulated.
_WHERE = {
    "Audit": "exchange",
    "LocationElectricity": "cost",
    "PipeConfig": "loop_config",
    "PipeResult": "pipe",
    "RingConfig": "config",
    "RingInput": "exchange",
    "RingResult": "exchange",
    "Sensitivity": "adjoint",
    "TrueCost": "cost",
    "first_iteration": "simulation",
    "iccep2019_ring": "iccep2019",
    "sensitivity": "adjoint",
    "simulate": "simulation",
    "simulate_pipe": "pipe",
    "start_cop": "simulation",
    "true_cost": "cost",
    "use_side": "exchange",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
