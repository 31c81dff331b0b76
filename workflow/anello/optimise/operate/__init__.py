"""Operating a given system with a receding horizon, as Calliope 0.6's mode `operate` does.

:mod:`~anello.optimise.operate.windows` cuts time into windows,
:mod:`~anello.optimise.operate.capacities` fixes what `plan` mode would decide, and
:mod:`~anello.optimise.operate.rolling` solves one horizon after the other.
"""

from anello.optimise.operate.capacities import fixed_capacities
from anello.optimise.operate.period import Horizon
from anello.optimise.operate.rolling import Operation, operate
from anello.optimise.operate.windows import Window, split

__all__ = ["Horizon", "Operation", "Window", "fixed_capacities", "operate", "split"]
