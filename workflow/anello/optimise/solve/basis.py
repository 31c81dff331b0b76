"""The basis of a solution: where the next solve of a similar problem starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anello.optimise.solve.problem import Problem, load_arrays, save_arrays
from anello.optimise.solve.reduction import Reduction

FORMAT = 4

NEAR = 0.01
"""Share of entries that come or go between near programmes."""

BASIC, NONBASIC, UNKNOWN = 1, 4, -1

Statuses = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Basis:
    """Status of each column and row of a problem.

    Attributes
    ----------
    columns, rows : ndarray of int8
        HiGHS basis status: 0 at lower bound, 1 basic, 2 at upper bound, 3 free at zero,
        4 nonbasic; :data:`UNKNOWN` where a column or row was taken out before the solver saw it.
    signature : str
        Signature of the problem it belongs to; it fits none of other columns and rows.
    values : ndarray, shape (n_columns,)
        Values of all columns of the full problem where it has integers, whose search starts from
        them; those of its free sizes, among zeros, where it was solved with these given first;
        empty otherwise.
    entries : int, optional
        Entries of the reduced problem that it is a basis of; none where it is of another kind.
    """

    columns: Statuses
    rows: Statuses
    signature: str
    values: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    entries: int | None = None

    def is_near(self, entries: int) -> bool:
        """Whether few pivots lead to the solution of a reduced problem with so many entries.

        True where its entries are nearly those of before, as late in a search. From the programme
        that knows no water to the first that does, they are not.
        """
        return self.entries is None or abs(entries - self.entries) <= NEAR * self.entries

    def or_none(self) -> Basis | None:
        """Return the basis; none for :data:`NO_BASIS`, as it is read from a file."""
        return self if self.signature or len(self.values) else None

    def save(self, path: str | Path) -> None:
        """Write the basis to an ``.npz`` file, whole or not at all."""
        meta = {"format": FORMAT, "signature": self.signature, "entries": self.entries}
        arrays = {"columns": self.columns, "rows": self.rows, "values": self.values}
        save_arrays(path, meta, arrays)

    @classmethod
    def of(cls, reduction: Reduction, columns: Statuses, rows: Statuses) -> Basis:
        """Return the basis of a problem that was solved reduced.

        Parameters
        ----------
        reduction : Reduction
            What was solved.
        columns, rows : ndarray of int8
            Status of the columns and rows that were left.
        """
        problem = reduction.problem
        every_column = np.full(problem.n_columns, UNKNOWN, dtype=np.int8)
        every_row = np.full(problem.n_rows, UNKNOWN, dtype=np.int8)
        every_column[reduction.columns], every_row[reduction.rows] = columns, rows
        return cls(every_column, every_row, problem.signature, entries=reduction.matrix.nnz)

    def fits(self, problem: Problem) -> bool:
        """Whether it is of a problem with the same columns and rows, whatever their numbers."""
        return (
            self.signature == problem.signature
            and len(self.columns) == problem.n_columns
            and len(self.rows) == problem.n_rows
        )

    @classmethod
    def load(cls, path: str | Path) -> Basis:
        """Read a basis.

        Raises
        ------
        ArtefactError
            When the file is missing, damaged, or of another version.
        """
        meta, arrays = load_arrays(path, FORMAT)
        values, entries = arrays["values"], meta["entries"]
        return cls(arrays["columns"], arrays["rows"], meta["signature"], values, entries)


NO_BASIS = Basis(np.zeros(0, np.int8), np.zeros(0, np.int8), "")
"""Stands in a basis file after a solver that has none to give."""
