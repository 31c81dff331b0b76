"""Where a solver may begin."""

from __future__ import annotations

from dataclasses import dataclass

from anello.optimise.formulation.expression import Array
from anello.optimise.solve.basis import Basis


@dataclass(frozen=True)
class Start:
    """Where a solver may begin: by default from scratch.

    Attributes
    ----------
    basis : Basis, optional
        Basis of a similar problem (HiGHS only). One that does not fit is logged and not used.
    values : ndarray, shape (n_columns,), optional
        Solution of a similar problem: with integers, from which the search may start (HiGHS and
        CBC); with free sizes, which these are given first (HiGHS).
    primal : bool
        Whether only the objective is another one than the basis is of, so that the basis is still
        feasible and the primal simplex can go on from it (HiGHS only).
    followed : bool
        Whether similar problems follow, that begin with this one's basis.
    """

    basis: Basis | None = None
    values: Array | None = None
    primal: bool = False
    followed: bool = False


SCRATCH = Start()
