"""Free sizes: given first, then freed.

A size that is to be found stands in a row of every step, ``x_t ≤ a·S``, and few of these rows bind:
one in forty in the embedded district's year. So the sizes are given first, as a similar problem had
them; the rows are bounds then. At the vertex that this leads to the sizes are freed, ``S = S₀ + u −
v`` with ``u, v ≥ 0``, which is feasible at once, so that the primal simplex goes on from it. Only
rows that bind come along; in place of each other one its column keeps the bound by the size given.
Where a solution breaks such a row, or pays for such a bound, the row comes in, until none does
(row generation; Dantzig, Fulkerson and Johnson, Operations Research 2, 1954). What is found then
solves the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from anello.optimise.formulation.expression import Array, IntArray
from anello.optimise.solve.basis import BASIC, NONBASIC, Statuses
from anello.optimise.solve.config import SolverConfig
from anello.optimise.solve.highs import (
    STATUS,
    Piece,
    PieceSolution,
    basis_of,
    pass_problem,
    set_option,
    set_options,
    solve_piece,
    statuses_of,
)

MOST_ROUNDS = 50
"""Times that rows may come in."""
BREAKS, PAYS = 1e-7, 1e-7
"""What a row may be broken by, and a bound cost: HiGHS' own tolerances."""
AT_LOWER, AT_UPPER = 0, 2
DUAL, PRIMAL, DEVEX = 1, 4, 1
"""HiGHS' own numbers of its ways to pivot and to price."""


def free_sizes(matrix: sparse.csr_array, entries: int) -> IntArray:
    """Return the columns that stand in so many rows, as only a size does that is to be found."""
    found: IntArray = np.flatnonzero(
        np.bincount(matrix.indices, minlength=matrix.shape[1]) >= entries
    )
    return found


@dataclass(frozen=True)
class _Caps:
    """Rows with a size and one other column: ``lower ≤ entry·x + share·S ≤ upper``, K of them.

    `rows`, `columns` and `sizes` are numbers of the piece; all have the shape (K,).
    """

    rows: IntArray
    columns: IntArray
    sizes: IntArray
    entries: Array
    shares: Array
    lower: Array
    upper: Array

    @classmethod
    def of(cls, piece: Piece, sizes: IntArray) -> _Caps:
        """Find them in a piece."""
        matrix = piece.matrix
        is_size = np.zeros(matrix.shape[1], dtype=bool)
        is_size[sizes] = True
        count = np.diff(matrix.indptr)
        row_of = np.repeat(np.arange(matrix.shape[0]), count)
        of_sizes = np.bincount(row_of, is_size[matrix.indices], minlength=matrix.shape[0])
        rows = np.flatnonzero((count == 2) & (of_sizes == 1))
        first = matrix.indptr[rows]
        second = first + 1
        leads = is_size[matrix.indices[first]]
        size, other = np.where(leads, first, second), np.where(leads, second, first)
        return cls(
            rows,
            matrix.indices[other],
            matrix.indices[size],
            matrix.data[other],
            matrix.data[size],
            piece.row_lower[rows],
            piece.row_upper[rows],
        )

    def some(self, which: IntArray) -> _Caps:
        """Return these of them."""
        return _Caps(
            self.rows[which],
            self.columns[which],
            self.sizes[which],
            self.entries[which],
            self.shares[which],
            self.lower[which],
            self.upper[which],
        )

    def implied(self, size: Array) -> tuple[Array, Array]:
        """Return the least and the most of each row's column, for sizes by column of the piece."""
        rest = self.shares * size[self.sizes]
        low, high = (self.lower - rest) / self.entries, (self.upper - rest) / self.entries
        rising = self.entries > 0
        return np.where(rising, low, high), np.where(rising, high, low)

    def broken(self, x: Array) -> npt.NDArray[np.bool_]:
        """Return which rows a solution breaks."""
        activity = self.entries * x[self.columns] + self.shares * x[self.sizes]
        return np.maximum(activity - self.upper, self.lower - activity) > BREAKS


def solve_by_sizes(piece: Piece, entries: int, settings: SolverConfig) -> PieceSolution:
    """Solve a piece with its sizes given, as its `values` are, and then free.

    Parameters
    ----------
    piece : Piece
        Without integers, with `values`.
    entries : int
        From how many rows on a column counts as a size.
    settings : SolverConfig
        Options of HiGHS by name, and limits, for each of its calls.

    Returns
    -------
    PieceSolution
        Solution of the piece, with its basis; not `found` where a call did not end optimal.

    Raises
    ------
    SolveError
        When HiGHS refuses the problem or an option.
    """
    assert piece.values is not None
    sizes = free_sizes(piece.matrix, entries)
    given = np.zeros(len(piece.cost))
    given[sizes] = np.clip(piece.values, piece.col_lower, piece.col_upper)[sizes]
    apart = _Apart(piece, sizes, _Caps.of(piece, sizes), given)
    quick = settings.with_defaults({"simplex_dual_edge_weight_strategy": DEVEX})
    bound = apart.with_sizes_given()
    first = solve_piece(bound, quick)
    if first.status != "optimal" or first.basis is None:
        return replace(first, found=False)
    return _Freed(apart, bound, first, quick).solve()


class _Apart:
    """A piece whose sizes, and the rows that only cap a column by one, are told apart."""

    def __init__(self, piece: Piece, sizes: IntArray, caps: _Caps, given: Array) -> None:
        self.piece, self.sizes, self.caps, self.given = piece, sizes, caps, given
        n_rows, n_columns = piece.matrix.shape
        self.columns = np.setdiff1d(np.arange(n_columns), sizes)
        self.rows = np.setdiff1d(np.arange(n_rows), caps.rows)
        self.number = np.full(n_columns, -1)
        self.number[self.columns] = np.arange(len(self.columns))
        self.lower, self.upper = piece.col_lower.copy(), piece.col_upper.copy()
        self.least, self.most = caps.implied(given)
        np.maximum.at(self.lower, caps.columns, self.least)
        np.minimum.at(self.upper, caps.columns, self.most)
        # Bounds that cross by rounding; what crosses for good, HiGHS finds infeasible.
        near = self.lower - self.upper <= BREAKS * (1.0 + np.abs(self.upper))
        self.upper = np.where((self.lower > self.upper) & near, self.lower, self.upper)

    def with_sizes_given(self) -> Piece:
        """Return the piece with sizes as constants and capping rows as bounds."""
        p = self.piece
        rest = p.matrix[self.rows]
        moved = rest @ self.given
        start = None
        if p.start is not None:
            columns, rows = p.start[0].copy(), p.start[1]
            caps = self.caps
            bound = (rows[caps.rows] != BASIC) & (columns[caps.columns] == BASIC)
            at_most = np.isfinite(self.most) & (self.most <= self.upper[caps.columns])
            columns[caps.columns[bound]] = np.where(at_most[bound], AT_UPPER, AT_LOWER)
            start = columns[self.columns], rows[self.rows]
        return Piece(
            cost=p.cost[self.columns],
            col_lower=self.lower[self.columns],
            col_upper=self.upper[self.columns],
            matrix=rest[:, self.columns],
            row_lower=p.row_lower[self.rows] - moved,
            row_upper=p.row_upper[self.rows] - moved,
            integer=p.integer[self.columns],
            start=start,
        )


class _Freed:
    """The piece with sizes that may grow and shrink from those given, and rows that come in.

    Columns are those without sizes (N), then by what each size grows and by what it shrinks (S
    each); rows are those that cap nothing, then the capping ones that came in.
    """

    def __init__(
        self, apart: _Apart, bound: Piece, first: PieceSolution, settings: SolverConfig
    ) -> None:
        self.apart, self.bound, self.first, self.settings = apart, bound, first, settings
        piece, caps = apart.piece, apart.caps
        self.count, self.size_count = len(apart.columns), len(apart.sizes)
        self.place = np.full(len(piece.cost), -1)
        self.place[apart.sizes] = self.count + np.arange(self.size_count)
        self.highs = highspy.Highs()
        assert first.basis is not None
        columns, rows = first.basis
        column_of = apart.number[caps.columns]
        nearest = np.minimum(
            np.abs(first.x[column_of] - apart.least), np.abs(first.x[column_of] - apart.most)
        )
        scale = 1.0 + np.abs(first.x[column_of])
        binds = (nearest <= BREAKS * scale) & (columns[column_of] != BASIC)
        inside = np.flatnonzero(binds)
        _, one = np.unique(caps.columns[inside], return_index=True)
        self.inside = inside[one]
        self.columns = np.concatenate([columns, np.zeros(2 * self.size_count, np.int8)])
        self.columns[column_of[self.inside]] = BASIC
        self.rows = np.concatenate([rows, self._bound_status(self.inside, first.x)])

    def _bound_status(self, which: IntArray, x: Array) -> Statuses:
        """Return at which of its bounds each of these capping rows is."""
        caps = self.apart.caps.some(which)
        activity = caps.entries * x[self.apart.number[caps.columns]]
        activity = activity + caps.shares * self.apart.given[caps.sizes]
        upper = np.abs(caps.upper - activity) <= np.abs(activity - caps.lower)
        return np.where(upper, AT_UPPER, AT_LOWER).astype(np.int8)

    def solve(self) -> PieceSolution:
        """Free the sizes, and let rows come in until none is missed."""
        apart, caps = self.apart, self.apart.caps
        self._pass()
        outside = np.setdiff1d(np.arange(len(caps.rows)), self.inside)
        pivots = 0
        for number in range(MOST_ROUNDS):
            # Rows that come in are broken, or were paid for: the dual simplex is at home there.
            set_option(self.highs, "simplex_strategy", DUAL if number else PRIMAL)
            self.highs.setBasis(basis_of(self.columns, self.rows))
            self.highs.run()
            status = STATUS.get(self.highs.getModelStatus(), str(self.highs.getModelStatus()))
            pivots += self.highs.getInfo().simplex_iteration_count
            if status != "optimal":
                return replace(self.first, status=status, found=False)
            solution = self.highs.getSolution()
            self.columns, self.rows = statuses_of(self.highs.getBasis())
            values = np.array(solution.col_value)
            x = np.zeros(len(apart.piece.cost))
            x[apart.columns] = values[: self.count]
            grown = values[self.count :].reshape(2, -1)
            x[apart.sizes] = apart.given[apart.sizes] + grown[0] - grown[1]
            broken = caps.some(outside).broken(x)
            bound = self._at_given_bound(outside)
            price = np.array(solution.col_dual)[apart.number[caps.columns[outside]]]
            missed = np.flatnonzero(broken | (bound & (np.abs(price) > PAYS)))
            if not len(missed):
                return self._whole(x, np.array(solution.row_dual), outside[bound], pivots)
            coming = outside[missed]
            _, one = np.unique(caps.columns[coming], return_index=True)
            coming, at_bound = coming[one], bound[missed[one]]
            outside = np.setdiff1d(outside, coming)
            self._come_in(coming, at_bound, values)
        return replace(self.first, status="rows still missed", found=False)

    def _pass(self) -> None:
        """Hand the problem over with the rows that bind."""
        apart, piece = self.apart, self.apart.piece
        given = self.bound
        of_sizes = piece.matrix[apart.rows][:, apart.sizes]
        block, lower, upper = self._rows_of(self.inside)
        at = apart.number[apart.caps.columns[self.inside]]
        for own, bounds in ((given.col_lower, piece.col_lower), (given.col_upper, piece.col_upper)):
            own[at] = bounds[apart.caps.columns[self.inside]]
        size = apart.given[apart.sizes]
        cost = piece.cost[apart.sizes]
        nothing = np.zeros(2 * self.size_count)
        more, less = piece.col_upper[apart.sizes] - size, size - piece.col_lower[apart.sizes]
        whole = Piece(
            cost=np.concatenate([given.cost, cost, -cost]),
            col_lower=np.concatenate([given.col_lower, nothing]),
            col_upper=np.concatenate([given.col_upper, more, less]),
            matrix=sparse.csr_array(
                sparse.vstack([sparse.hstack([given.matrix, of_sizes, -of_sizes]), block])
            ),
            row_lower=np.concatenate([given.row_lower, lower]),
            row_upper=np.concatenate([given.row_upper, upper]),
            integer=np.zeros(self.count + 2 * self.size_count, dtype=bool),
        )
        set_option(self.highs, "output_flag", False)
        set_options(self.highs, self.settings, "simplex")
        pass_problem(self.highs, whole)

    def _rows_of(self, which: IntArray) -> tuple[sparse.csr_array, Array, Array]:
        """Return capping rows over the columns of this problem, and their bounds."""
        caps = self.apart.caps.some(which)
        grows = self.place[caps.sizes]
        columns = [self.apart.number[caps.columns], grows, grows + self.size_count]
        block = sparse.csr_array(
            (
                np.column_stack([caps.entries, caps.shares, -caps.shares]).ravel(),
                np.column_stack(columns).ravel().astype(np.int32),
                3 * np.arange(len(which) + 1, dtype=np.int32),
            ),
            shape=(len(which), self.count + 2 * self.size_count),
        )
        moved = caps.shares * self.apart.given[caps.sizes]
        return block, caps.lower - moved, caps.upper - moved

    def _at_given_bound(self, which: IntArray) -> npt.NDArray[np.bool_]:
        """Return which capping rows are outside, with a column that is at their bound."""
        apart = self.apart
        column = apart.caps.columns[which]
        status = self.columns[apart.number[column]]
        high = (status == AT_UPPER) & (apart.most[which] <= apart.upper[column])
        low = (status == AT_LOWER) & (apart.least[which] >= apart.lower[column])
        own = (apart.lower[column] == apart.upper[column]) & (status != BASIC)
        own &= (apart.most[which] <= apart.upper[column]) | (
            apart.least[which] >= apart.lower[column]
        )
        held: npt.NDArray[np.bool_] = high | low | own
        return held

    def _come_in(self, coming: IntArray, at_bound: npt.NDArray[np.bool_], values: Array) -> None:
        """Let capping rows come in, whose columns get their own bounds back."""
        apart, piece = self.apart, self.apart.piece
        full = apart.caps.columns[coming]
        at = apart.number[full].astype(np.int32)
        lower, upper = piece.col_lower[full], piece.col_upper[full]
        self.highs.changeColsBounds(len(at), at, lower, upper)
        block, lower, upper = self._rows_of(coming)
        starts, indices = block.indptr[:-1].astype(np.int32), block.indices.astype(np.int32)
        self.highs.addRows(len(coming), lower, upper, block.nnz, starts, indices, block.data)
        # A column that was at the bound by the size given is held by its row now.
        status = np.where(at_bound, self._bound_status(coming, values), BASIC).astype(np.int8)
        self.columns[at[at_bound]] = BASIC
        self.rows = np.concatenate([self.rows, status])
        self.inside = np.concatenate([self.inside, coming])

    def _whole(self, x: Array, row_dual: Array, held: IntArray, pivots: int) -> PieceSolution:
        """Return the solution of the piece, whose rows outside do not bind or cost nothing."""
        apart, piece, caps = self.apart, self.apart.piece, self.apart.caps
        n_rows, n_columns = piece.matrix.shape
        dual = np.zeros(n_rows)
        rows, columns = np.full(n_rows, BASIC, np.int8), np.full(n_columns, NONBASIC, np.int8)
        own = len(apart.rows)
        dual[apart.rows], dual[caps.rows[self.inside]] = row_dual[:own], row_dual[own:]
        rows[apart.rows], rows[caps.rows[self.inside]] = self.rows[:own], self.rows[own:]
        columns[apart.columns] = self.columns[: self.count]
        moves = (self.columns[self.count :].reshape(2, -1) == BASIC).any(axis=0)
        columns[apart.sizes[moves]] = BASIC
        # What is at the bound by the size given is at its row.
        _, one = np.unique(caps.columns[held], return_index=True)
        rows[caps.rows[held[one]]] = NONBASIC
        columns[caps.columns[held[one]]] = BASIC
        told = (
            f"Sizes freed: {len(self.inside):,} of {len(caps.rows):,} rows that cap a column, "
            f"{pivots:,} simplex iterations\n"
        )
        return PieceSolution(
            status="optimal",
            x=x,
            row_dual=dual,
            basis=(columns, rows),
            gap=0.0,
            log=self.first.log + told,
            warm=self.first.warm,
        )
