"""The ring: heat pumps, water loop, balancing plant, and a simulation that conserves energy."""

from anello.ring.adjoint import Sensitivity, sensitivity
from anello.ring.config import RingConfig
from anello.ring.cost import LocationElectricity, TrueCost, true_cost
from anello.ring.exchange import Audit, RingInput, RingResult, use_side
from anello.ring.iccep2019 import iccep2019_ring
from anello.ring.loop_config import PipeConfig
from anello.ring.pipe import PipeResult, simulate_pipe
from anello.ring.simulate import first_iteration, simulate, start_cop

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
