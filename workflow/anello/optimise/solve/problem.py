"""The compiled problem: one linear (or mixed-integer) programme in arrays, on disk or in memory."""

from __future__ import annotations

import hashlib
import json
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anello.base.files import atomic_path
from anello.errors import ArtefactError
from anello.optimise.formulation.expression import Array, Block, IntArray
from anello.optimise.formulation.system import Slot

FORMAT = 2
_ARRAYS = (
    "indptr",
    "indices",
    "data",
    "row_lower",
    "row_upper",
    "col_lower",
    "col_upper",
    "cost",
    "penalty",
    "integer",
    "expr_indptr",
    "expr_indices",
    "expr_data",
    "expr_constant",
)


@dataclass
class Problem:
    """``min (or max) (cost + penalty)·x + offset`` with ``row_lower ≤ A x ≤ row_upper``.

    Attributes
    ----------
    indptr, indices, data : ndarray
        ``A`` in compressed sparse rows, every row of the formulation included.
    row_lower, row_upper, col_lower, col_upper : ndarray
        Bounds; a row with two infinite bounds is no constraint.
    cost, penalty : ndarray, shape (n_columns,)
        Objective coefficients: money, and the ``bigM`` terms of unmet demand and unused supply.
    offset : float
        Constant of the objective.
    sense : int
        +1 to minimise, −1 to maximise.
    integer : ndarray of bool, shape (n_columns,)
        Columns that take whole numbers only.
    expr_indptr, expr_indices, expr_data, expr_constant : ndarray
        Named expressions in compressed sparse rows, and the constant of each.
    variables, constraints, expressions : dict of str to Block
        Names and numbering.
    steps : dict of str to tuple of str
        Labels of the step axes.
    slots : list of Slot
        Matrix entries that follow a parameter and can be patched.
    extra_names : dict of str to list of str
        Names of the columns and rows that users added to the Pyomo model.
    """

    indptr: IntArray
    indices: IntArray
    data: Array
    row_lower: Array
    row_upper: Array
    col_lower: Array
    col_upper: Array
    cost: Array
    penalty: Array
    integer: npt.NDArray[np.bool_]
    expr_indptr: IntArray
    expr_indices: IntArray
    expr_data: Array
    expr_constant: Array
    offset: float
    sense: int
    variables: dict[str, Block]
    constraints: dict[str, Block]
    expressions: dict[str, Block]
    steps: dict[str, tuple[str, ...]]
    slots: list[Slot] = field(default_factory=list)
    extra_names: dict[str, list[str]] = field(default_factory=dict)

    @property
    def n_columns(self) -> int:
        """Number of variables."""
        return len(self.cost)

    @property
    def n_rows(self) -> int:
        """Number of rows, free ones included."""
        return len(self.row_lower)

    # --- names --------------------------------------------------------------------------------
    def column_name(self, number: int) -> str:
        """Name of a column for people."""
        return self._name(self.variables, "columns", number)

    def row_name(self, number: int) -> str:
        """Name of a row for people."""
        return self._name(self.constraints, "rows", number)

    def _name(self, blocks: Mapping[str, Block], kind: str, number: int) -> str:
        for block in blocks.values():
            if block.start <= number < block.stop:
                return block.describe(number, self.steps)
        first = max((b.stop for b in blocks.values()), default=0)
        return self.extra_names[kind][number - first]

    # --- values -------------------------------------------------------------------------------
    @property
    def row_of(self) -> IntArray:
        """Row of each entry of ``A``."""
        return np.repeat(np.arange(self.n_rows), np.diff(self.indptr))

    def expression_values(self, x: Array) -> Array:
        """Value of every item of every named expression at a point ``x``."""
        rows = np.repeat(np.arange(len(self.expr_constant)), np.diff(self.expr_indptr))
        weights = self.expr_data * x[self.expr_indices]
        return np.bincount(rows, weights, len(self.expr_constant)) + self.expr_constant

    def row_values(self, x: Array) -> Array:
        """Return ``A x``."""
        values: Array = np.bincount(self.row_of, self.data * x[self.indices], self.n_rows).astype(
            float
        )
        return values

    def reduced_cost(self, row_dual: Array) -> Array:
        """Return each column's objective coefficient less what duals of the rows charge for it."""
        charged = np.bincount(self.indices, self.data * row_dual[self.row_of], self.n_columns)
        reduced: Array = self.cost + self.penalty - charged
        return reduced

    # --- patching -----------------------------------------------------------------------------
    def patch(self, values: Mapping[str, Mapping[str, npt.ArrayLike]]) -> Problem:
        """Return the same problem with new values of some parameters.

        Parameters
        ----------
        values : mapping
            ``{parameter: {node label: values}}``; values of shape (T,) or a scalar, for example
            ``{"energy_eff": {"buildings::hp_dhw": cop}}``.

        Returns
        -------
        Problem
            Shares all arrays but the matrix data with this one.

        Raises
        ------
        KeyError
            For a parameter or node whose values stand in no matrix entry of their own, such as
            the efficiency of a supply, which is multiplied into right-hand sides and costs.
        ValueError
            For values that are not finite, a zero that divides, or a series of the wrong length.
        """
        data = self.data.copy()
        for parameter, by_node in values.items():
            open_nodes = set(by_node)
            for slot in self.slots:
                if slot.parameter != parameter:
                    continue
                for k, node in enumerate(slot.nodes):
                    if node not in by_node:
                        continue
                    open_nodes.discard(node)
                    value = np.asarray(by_node[node], dtype=float)
                    if not np.all(np.isfinite(value)):
                        raise ValueError(f"{parameter} of {node} holds values that are not finite")
                    if value.ndim and value.shape != slot.entries[k].shape:
                        raise ValueError(
                            f"{parameter} of {node}: {value.shape[0]} values for"
                            f" {slot.entries.shape[1]} steps"
                        )
                    if slot.power == -1 and not np.all(value):
                        raise ValueError(
                            f"{parameter} of {node} divides a flow and cannot become zero"
                        )
                    factor = value if slot.power == 1 else 1.0 / value
                    data[slot.entries[k]] = slot.base[k] + slot.multiplier[k] * factor
            if open_nodes:
                raise KeyError(
                    f"{parameter} of {', '.join(sorted(open_nodes))} cannot be patched;"
                    " formulate the model again"
                )
        return replace(self, data=data)

    def with_bounds(
        self,
        columns: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]] | None = None,
        rows: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]] | None = None,
    ) -> Problem:
        """Return the same problem with new bounds on some variables and constraints.

        Parameters
        ----------
        columns, rows : mapping of str to (lower, upper), optional
            By name of variable and constraint; each broadcasts to the block's shape, and NaN
            leaves a bound as it is.

        Returns
        -------
        Problem
            Shares all other arrays with this one.
        """
        col_lower, col_upper = self.col_lower.copy(), self.col_upper.copy()
        row_lower, row_upper = self.row_lower.copy(), self.row_upper.copy()
        for changes, blocks, low, high in (
            (columns or {}, self.variables, col_lower, col_upper),
            (rows or {}, self.constraints, row_lower, row_upper),
        ):
            for name, new in changes.items():
                block = blocks[name]
                for side, values in zip((low, high), new, strict=True):
                    part = side[block.start : block.stop].reshape(block.shape)
                    given = np.broadcast_to(np.asarray(values, dtype=float), block.shape)
                    np.copyto(part, given, where=~np.isnan(given))
        return replace(
            self,
            col_lower=col_lower,
            col_upper=col_upper,
            row_lower=row_lower,
            row_upper=row_upper,
        )

    def with_limit(self, name: str, coefficients: Array, upper: float) -> Problem:
        """Return the same problem with one more row, ``coefficients · x ≤ upper``, at the end."""
        used = np.flatnonzero(coefficients)
        rows = [*self.extra_names.get("rows", []), name]
        return replace(
            self,
            indptr=np.append(self.indptr, self.indptr[-1] + len(used)),
            indices=np.append(self.indices, used),
            data=np.append(self.data, coefficients[used]),
            row_lower=np.append(self.row_lower, -np.inf),
            row_upper=np.append(self.row_upper, upper),
            extra_names={**self.extra_names, "rows": rows},
        )

    @property
    def digest(self) -> str:
        """SHA-256 of all numbers: two problems with the same digest have the same solutions."""
        members = {name: np.ascontiguousarray(getattr(self, name)) for name in _ARRAYS}
        members["objective"] = np.array([self.offset, self.sense], dtype=float)
        return _checksum(members).hex()

    @property
    def signature(self) -> str:
        """SHA-256 of the names and numbering of all columns and rows, whatever their numbers."""
        blocks = [*self.variables.values(), *self.constraints.values()]
        told = [_block_to_json(block) for block in blocks]
        shape = [self.n_columns, self.n_rows, self.extra_names]
        return hashlib.sha256(json.dumps([told, shape]).encode()).hexdigest()

    # --- disk ---------------------------------------------------------------------------------
    def save(self, path: str | Path) -> None:
        """Write the problem to an uncompressed ``.npz`` file, whole or not at all."""
        meta = {
            "format": FORMAT,
            "offset": self.offset,
            "sense": self.sense,
            "variables": [_block_to_json(b) for b in self.variables.values()],
            "constraints": [_block_to_json(b) for b in self.constraints.values()],
            "expressions": [_block_to_json(b) for b in self.expressions.values()],
            "steps": self.steps,
            "slots": [
                {"parameter": s.parameter, "nodes": s.nodes, "power": s.power} for s in self.slots
            ],
            "extra_names": self.extra_names,
        }
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _ARRAYS}
        for k, s in enumerate(self.slots):
            arrays[f"slot_{k}_entries"] = s.entries
            arrays[f"slot_{k}_multiplier"] = s.multiplier
            arrays[f"slot_{k}_base"] = s.base
        save_arrays(path, meta, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Problem:
        """Read a problem written by :meth:`save`.

        Raises
        ------
        ArtefactError
            When the file is missing, damaged, or of another version.
        """
        meta, arrays = load_arrays(path, FORMAT)
        slots = [
            Slot(
                s["parameter"],
                tuple(s["nodes"]),
                arrays[f"slot_{k}_entries"],
                arrays[f"slot_{k}_multiplier"],
                arrays[f"slot_{k}_base"],
                s["power"],
            )
            for k, s in enumerate(meta["slots"])
        ]
        blocks: dict[str, Any] = {
            kind: {b["name"]: _block_from_json(b) for b in meta[kind]}
            for kind in ("variables", "constraints", "expressions")
        }
        return cls(
            **{name: arrays[name] for name in _ARRAYS},
            **blocks,
            offset=meta["offset"],
            sense=meta["sense"],
            steps={axis: tuple(labels) for axis, labels in meta["steps"].items()},
            slots=slots,
            extra_names=meta["extra_names"],
        )


def _block_to_json(block: Block) -> dict[str, Any]:
    return {
        "name": block.name,
        "keys": {k: list(v) for k, v in block.keys.items()},
        "n_time": block.n_time,
        "start": block.start,
        "axis": block.axis,
    }


def _block_from_json(raw: Mapping[str, Any]) -> Block:
    keys = {k: tuple(v) for k, v in raw["keys"].items()}
    return Block(raw["name"], keys, raw["n_time"], raw["start"], raw["axis"])


def save_arrays(path: str | Path, meta: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write arrays, metadata and a checksum over both to one ``.npz`` file."""
    text = json.dumps(meta, sort_keys=True).encode()
    members = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    members["meta"] = np.frombuffer(text, dtype=np.uint8)
    members["checksum"] = np.frombuffer(_checksum(members), dtype=np.uint8)
    with atomic_path(Path(path)) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, allow_pickle=False, **members)


# What numpy and zipfile raise at bytes that are not what they should be.
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def load_arrays(path: str | Path, version: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what :func:`save_arrays` wrote.

    Raises
    ------
    ArtefactError
        When the file is missing, damaged, or of another version.
    """
    try:
        with np.load(path) as archive:
            members = {name: archive[name] for name in archive.files}
    except _UNREADABLE as error:
        raise ArtefactError(
            f"{path} cannot be read ({error}); delete it to have it made again"
        ) from error
    checksum = members.pop("checksum", np.zeros(0, np.uint8)).tobytes()
    if "meta" not in members or checksum != _checksum(members):
        raise ArtefactError(
            f"{path} is damaged (checksum differs); delete it to have it made again"
        )
    meta = json.loads(members.pop("meta").tobytes())
    if meta.get("format") != version:
        raise ArtefactError(
            f"{path} was written in format {meta.get('format')}, this version reads {version};"
            " delete it to have it made again"
        )
    return meta, members


def _checksum(members: Mapping[str, Any]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(members):
        array = members[name]
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(memoryview(array).cast("B"))
    return digest.digest()
