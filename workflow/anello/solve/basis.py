"""The basis of a solution: where the next solve of a similar problem starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anello.solve.problem import load_arrays, save_arrays

FORMAT = 1


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
    """

    columns: npt.NDArray[np.int8]
    rows: npt.NDArray[np.int8]
    signature: str

    def save(self, path: str | Path) -> None:
        """Write the basis to an ``.npz`` file, whole or not at all."""
        meta = {"format": FORMAT, "signature": self.signature}
        save_arrays(path, meta, {"columns": self.columns, "rows": self.rows})

    @classmethod
    def load(cls, path: str | Path) -> Basis:
        """Read a basis.

        Raises
        ------
        ArtefactError
            When the file is missing, damaged, or of another version.
        """
        meta, arrays = load_arrays(path, FORMAT)
        return cls(arrays["columns"], arrays["rows"], meta["signature"])
