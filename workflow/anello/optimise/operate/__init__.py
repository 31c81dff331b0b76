"""Operating a given system with a receding horizon, as Calliope 0.6's mode `operate` does.

:mod:`~anello.operate.windows` cuts time into windows, :mod:`~anello.operate.capacities` fixes what
`plan` mode would decide, and :mod:`~anello.operate.rolling` solves one horizon after the other.
"""

from anello.operate.capacities import fixed_capacities
from anello.operate.rolling import Horizon, Operation, operate
from anello.operate.windows import Window, split

__all__ = ["Horizon", "Operation", "Window", "fixed_capacities", "operate", "split"]
