"""What the check of the series found, and what was done about it."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal

from anello.base.cells import cell_value
from anello.base.files import atomic_path
from anello.errors import DataQualityError, Problem
from anello.model.quality.config import FaultKind

Action = Literal["refused", "repaired", "accepted", "warned"]


@dataclass(frozen=True)
class Finding:
    """One fault: where it is, what is wrong, and what was done.

    Parameters
    ----------
    kind : str
        Kind of fault, as in `QualityConfig.policies`.
    file : str
        The CSV file.
    column : str or None
        The column; None if the fault concerns the time stamps or the whole file.
    line : int or None
        Line in the file, counted from 1, where the fault begins.
    time : str or None
        Time stamp at which it begins.
    time_end : str or None
        Time stamp at which it ends, if it covers more than one hour.
    cells : int
        How many values it covers.
    value : str or None
        The value as the file has it (the first one).
    message : str
        What is wrong, in words, with the values it was compared with.
    action : str
        refused, repaired, accepted or warned.
    repair : str or None
        The method, if it was repaired.
    new_value : float or None
        What stands in its place (the first one).
    """

    kind: FaultKind
    file: str
    column: str | None
    line: int | None
    time: str | None
    time_end: str | None
    cells: int
    value: str | None
    message: str
    action: Action
    repair: str | None = None
    new_value: float | None = None

    def problem(self) -> Problem:
        """Return the finding as an item of an error."""
        when = f" at {self.time}" if self.time else ""
        until = f" to {self.time_end}" if self.time_end else ""
        return Problem(
            f"{self.kind.replace('_', ' ')}{when}{until}: {self.message}",
            file=self.file,
            line=self.line,
            key=self.column,
            value=self.value,
        )


@dataclass(frozen=True)
class QualityReport:
    """All findings of one check.

    Parameters
    ----------
    policy : str
        The policy that was in force.
    files : dict
        For each file that was checked: rows, columns and SHA-256.
    findings : tuple of Finding
        In the order of files, columns and time.
    """

    policy: str
    files: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> tuple[Finding, ...]:
        """The findings because of which the series cannot be used."""
        return tuple(f for f in self.findings if f.action == "refused")

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of findings by kind and action."""
        counts: dict[str, Counter[str]] = {}
        for finding in self.findings:
            counts.setdefault(finding.kind, Counter())[finding.action] += 1
        return {kind: dict(actions) for kind, actions in sorted(counts.items())}

    def raise_if_refused(self) -> None:
        """Raise an error that lists every refused finding.

        Raises
        ------
        DataQualityError
            If there is one.
        """
        refused = self.refused
        if refused:
            number = "1 fault" if len(refused) == 1 else f"{len(refused)} faults"
            raise DataQualityError(
                [finding.problem() for finding in refused],
                summary=f"The series have {number}; `quality.policy: repair` repairs what can be",
            )

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain values."""
        return {
            "policy": self.policy,
            "refused": len(self.refused),
            "counts": self.counts(),
            "files": {name: dict(facts) for name, facts in self.files.items()},
            "findings": [asdict(finding) for finding in self.findings],
        }

    def save(self, path: Path | str) -> None:
        """Write the report as JSON."""
        with atomic_path(path) as temporary:
            text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
            temporary.write_text(text + "\n", encoding="utf-8")

    def save_csv(self, path: Path | str) -> None:
        """Write the findings as a table, one line each."""
        with (
            atomic_path(path) as temporary,
            open(temporary, "w", encoding="utf-8", newline="") as handle,
        ):
            names = [item.name for item in fields(Finding)]
            writer = csv.DictWriter(handle, names, lineterminator="\n")
            writer.writeheader()
            for finding in self.findings:
                told = asdict(finding).items()
                writer.writerow({name: cell_value(value) for name, value in told})
