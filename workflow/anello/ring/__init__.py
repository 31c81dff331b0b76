"""The ring: heat pumps, water loop, balancing plant, and a simulation that conserves energy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anello.base.first_use import on_first_use

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

# The settings of a ring are read where no ring is simulated.
__getattr__, __dir__ = on_first_use(
    __name__,
    {
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
    },
)
