"""Collects what is wrong with a model, to tell it all at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from anello.errors import InputError, Problem, did_you_mean
from anello.model.schema.mark import Mark


class Report:
    """Problems and warnings found so far.

    Parameters
    ----------
    strict : bool
        Whether harmless leftovers, such as unknown keys that nothing reads, count as problems.
    """

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self.outside: list[tuple[Path, str, str, Mark | None]] = []
        """Parts that lie outside what may be read: where, as written, key and origin."""
        self._told: set[tuple[object, ...]] = set()

    def error(
        self,
        message: str,
        *,
        key: str | None = None,
        mark: Mark | None = None,
        value: Any = None,
        suggestion: str | None = None,
    ) -> None:
        """Record a fault that makes the model unusable."""
        self._add(self.problems, message, key, mark, value, suggestion)

    def warn(
        self,
        message: str,
        *,
        key: str | None = None,
        mark: Mark | None = None,
        value: Any = None,
        suggestion: str | None = None,
    ) -> None:
        """Record something the user should know."""
        self._add(self.notes, message, key, mark, value, suggestion)

    def harmless(
        self,
        message: str,
        *,
        key: str | None = None,
        mark: Mark | None = None,
        value: Any = None,
        suggestion: str | None = None,
    ) -> None:
        """Record a fault that is an error under `strict` and a warning otherwise."""
        kind = self.problems if self.strict else self.notes
        self._add(kind, message, key, mark, value, suggestion)

    def unknown(
        self,
        message: str,
        name: str,
        known: Iterable[str],
        *,
        key: str | None = None,
        mark: Mark | None = None,
        value: Any = None,
    ) -> None:
        """Record a name nothing reads, with the nearest known spellings."""
        tail = "" if self.strict else "; it is ignored"
        self.harmless(
            message + tail, key=key, mark=mark, value=value, suggestion=did_you_mean(name, known)
        )

    def _add(
        self,
        kind: list[Problem],
        message: str,
        key: str | None,
        mark: Mark | None,
        value: Any,
        suggestion: str | None,
    ) -> None:
        # A technology's fault shows up at each of its locations, with the same origin: tell it
        # once.
        name = key.rpartition(".")[2] if key is not None and mark and mark.line else key
        identity = (kind is self.problems, message, mark, name, repr(value))
        if identity in self._told:
            return
        self._told.add(identity)
        problem = Problem(
            message,
            file=mark.file if mark else None,
            line=mark.line if mark else None,
            key=key,
            value=value,
            suggestion=suggestion,
        )
        kind.append(problem)

    def raise_errors(self, summary: str = "The model cannot be used") -> None:
        """Raise one error with everything found so far, if anything was.

        Raises
        ------
        InputError
            If a problem was recorded.
        """
        if self.problems:
            count = len(self.problems)
            noun = "problem" if count == 1 else "problems"
            error = InputError(self.problems, summary=f"{summary}: {count} {noun}")
            error.warnings = tuple(self.warnings)
            raise error

    @property
    def warnings(self) -> list[str]:
        """The warnings as text."""
        return [str(note) for note in self.notes]
