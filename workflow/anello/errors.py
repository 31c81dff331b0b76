"""Every error anello raises on purpose, in one hierarchy.

`AnelloError` is the root, so that a caller may catch everything from this package and nothing else.
Reading a model never stops at the first fault: the readers collect `Problem` items and raise one
`InputError` that lists them all.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault found in the input, with all that is known about where it is.

    Parameters
    ----------
    message : str
        What is wrong, as a sentence without a final full stop.
    file : str, optional
        The file in which it was found.
    line : int, optional
        Line in that file, counted from 1.
    key : str, optional
        The dotted key, or the column of a series, at fault.
    value : object, optional
        The offending value; shown with ``repr``.
    suggestion : str, optional
        What the user probably meant, or how to mend it.
    """

    message: str
    file: str | None = None
    line: int | None = None
    key: str | None = None
    value: object = None
    suggestion: str | None = None

    def __str__(self) -> str:
        where = ""
        if self.file is not None:
            where = f"{self.file}:{self.line}: " if self.line is not None else f"{self.file}: "
        key = f"`{self.key}`: " if self.key is not None else ""
        value = f" (value: {_shortened(self.value)})" if self.value is not None else ""
        suggestion = f". {self.suggestion}" if self.suggestion else ""
        return f"{where}{key}{self.message}{value}{suggestion}"


def _shortened(value: object, width: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= width else f"{text[: width - 3]}..."


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a sentence that names the closest known spellings, or None.

    Parameters
    ----------
    name : str
        What the user wrote.
    known : iterable of str
        What would have been understood.

    Returns
    -------
    str or None
        For example ``"Did you mean `energy_eff`?"``.
    """
    close = difflib.get_close_matches(str(name), [str(k) for k in known], n=2, cutoff=0.7)
    if not close:
        return None
    return f"Did you mean {' or '.join(f'`{c}`' for c in close)}?"


class AnelloError(Exception):
    """Root of all errors raised on purpose by anello."""


class InputError(AnelloError):
    """Something the user supplied cannot be used; carries every problem found.

    Parameters
    ----------
    problems : str, Problem or sequence of either
        The faults, in the order in which they should be read.
    summary : str, optional
        First line of the text; a count of the problems by default.
    """

    def __init__(
        self,
        problems: str | Problem | Sequence[str | Problem],
        summary: str | None = None,
    ) -> None:
        if isinstance(problems, (str, Problem)):
            problems = [problems]
        self.problems: tuple[Problem, ...] = tuple(
            Problem(p) if isinstance(p, str) else p for p in problems
        )
        self.summary = summary
        self.warnings: tuple[str, ...] = ()
        """What was noticed beside the problems."""
        super().__init__(problems, summary)

    def __str__(self) -> str:
        if len(self.problems) == 1 and self.summary is None:
            return str(self.problems[0])
        head = self.summary or f"{len(self.problems)} problems found"
        return "\n".join([f"{head}:", *(f"  - {problem}" for problem in self.problems)])


class ConfigError(InputError):
    """The workflow's own configuration is wrong."""


class DataQualityError(InputError):
    """A data series is not fit for use."""


class SolveError(AnelloError):
    """The solver did not return an optimal solution."""


class NumericalError(SolveError):
    """A solver ran into numerical trouble, or its answer is not a solution of the problem."""


class InfeasibleError(SolveError):
    """No solution satisfies all constraints."""


class UnboundedError(SolveError):
    """The objective can be improved without limit."""


class TimeLimitError(SolveError):
    """The solver stopped at its time limit before it proved an optimum."""


class NotConvergedError(AnelloError):
    """The coupling of dispatch and ring did not reach a fixed point."""


class SecondLawError(AnelloError):
    """A device moved heat from cold to warm without paying Carnot's work."""


class EnergyAuditError(AnelloError):
    """Energy flows do not add up within the tolerance."""


class CopRangeError(AnelloError):
    """A coefficient of performance, or a temperature behind it, is outside its valid range."""


class ArtefactError(AnelloError):
    """A file written by an earlier step is corrupt, incomplete, or does not match its inputs."""


class WorkspaceError(AnelloError):
    """A folder of results that another run holds or has made, or that cannot be written."""


class SweepError(AnelloError):
    """No point of a sweep could be computed."""
