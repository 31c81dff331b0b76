"""The basis of a solution: where the next solve of a similar problem starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anello.optimise.solve.problem import Problem, load_arrays, save_arrays
from anello.optimise.solve.reduction import reduce_problem

FORMAT = 3


@dataclass(frozen=True)
class Basis:
    """Status of each column and row of a reduced problem.

    Attributes
    ----------
    columns, rows : ndarray of int8
        HiGHS basis status: 0 at lower bound, 1 basic, 2 at upper bound, 3 free at zero,
        4 nonbasic.
    signature : str
        Signature of the reduced problem it belongs to; it fits no other.
    values : ndarray, shape (n_columns,)
        Values of all columns of the full problem where it has integers, whose search starts from
        them; empty otherwise.
    """

    columns: npt.NDArray[np.int8]
    rows: npt.NDArray[np.int8]
    signature: str
    values: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def save(self, path: str | Path) -> None:
        """Write the basis to an ``.npz`` file, whole or not at all."""
        meta = {"format": FORMAT, "signature": self.signature}
        arrays = {"columns": self.columns, "rows": self.rows, "values": self.values}
        save_arrays(path, meta, arrays)

    def extended(self, before: Problem, after: Problem) -> Basis | None:
        """Fit the basis of a problem to the same problem with more rows in force.

        A row that was free before is basic: the solution does not change, and if it satisfies the
        row, the simplex goes on from there.

        Parameters
        ----------
        before : Problem
            The problem this is a basis of.
        after : Problem
            The same with bounds on more rows.

        Returns
        -------
        Basis or None
            None if the problems differ in more than that.
        """
        old, new = reduce_problem(before), reduce_problem(after)
        place = np.searchsorted(new.rows, old.rows)
        if (
            self.signature != old.signature
            or not np.array_equal(old.columns, new.columns)
            or len(old.rows) > len(new.rows)
            or not np.array_equal(new.rows[np.minimum(place, len(new.rows) - 1)], old.rows)
        ):
            return None
        status = np.ones(len(new.rows), dtype=np.int8)
        status[place] = self.rows
        return Basis(self.columns, status, new.signature)

    @classmethod
    def load(cls, path: str | Path) -> Basis:
        """Read a basis.

        Raises
        ------
        ArtefactError
            When the file is missing, damaged, or of another version.
        """
        meta, arrays = load_arrays(path, FORMAT)
        return cls(arrays["columns"], arrays["rows"], meta["signature"], arrays["values"])
