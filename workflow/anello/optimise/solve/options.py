"""Options of solvers: the gap of a mixed-integer programme by each solver's own name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

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


def in_words_of(solver: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with the gap under the name by which a solver knows it.

    A model that was written for one solver (Calliope's MILP example says `mipgap`, GLPK's word)
    then runs with any.

    Parameters
    ----------
    solver : str
        ``highs``, or a solver that Pyomo knows.
    options : mapping
        As the model or the settings have them.
    """
    own = GAP_OPTION.get(solver)
    spoken: dict[str, Any] = {}
    for name, value in options.items():
        foreign = own is not None and name != own and name.lower() in _OTHER_NAMES
        if foreign and own is not None:
            logger.info("solver option `%s` is `%s` for %s", name, own, solver)
            spoken[own] = value
        else:
            spoken[name] = value
    return spoken
