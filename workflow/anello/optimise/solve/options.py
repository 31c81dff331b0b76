"""Options of solvers: the gap of a mixed-integer programme by each solver's own name."""

from __future__ import annotations

import logging
from typing import Any

from anello.optimise.solve.config import SolverConfig

logger = logging.getLogger(__name__)

GAP_OPTION = {
    "highs": "mip_rel_gap",
    "cbc": "ratioGap",
    "glpk": "mipgap",
    "gurobi": "MIPGap",
    "cplex": "mip_tolerances_mipgap",
}
"""What each solver calls the relative gap that it may leave."""

_OTHER_NAMES = {"ratio", "ratiogap", *(name.lower() for name in GAP_OPTION.values())}


def in_own_words(settings: SolverConfig) -> SolverConfig:
    """Return settings whose options have the gap under the name by which the solver knows it.

    A model that was written for one solver (Calliope's MILP example says `mipgap`, GLPK's word)
    then runs with any.
    """
    own = GAP_OPTION.get(settings.name)
    spoken: dict[str, Any] = {}
    for name, value in settings.options.items():
        foreign = own is not None and name != own and name.lower() in _OTHER_NAMES
        if foreign and own is not None:
            logger.info("solver option `%s` is `%s` for %s", name, own, settings.name)
            spoken[own] = value
        else:
            spoken[name] = value
    return settings.model_copy(update={"options": spoken})
