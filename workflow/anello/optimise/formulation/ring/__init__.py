"""The ring inside the linear programme: temperature, balancing plant, and what both do to COP.

The rows are linear about an incumbent dispatch; the sequential linear programme of
:mod:`anello.coupling.slp` patches their numbers in every iteration. With all numbers at zero the
heat pumps keep the COP they were given and only the ring's temperature is tracked.
"""

from anello.optimise.formulation.ring import (  # noqa: F401  (importing a theme registers its entries, in order)
    bulk,
    loop,
    plant,
    sizes,
    unknowns,
)
