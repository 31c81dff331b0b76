"""The list of everything the formulation can contain.

Every variable, constraint and named expression is one :class:`Entry`: its name as in the
documentation, what it is indexed by, when it is present, its equation, and the small function that
builds it over arrays. The mathematical reference in the documentation is generated from here, and
a test demands a golden case for each entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from anello.optimise.formulation.context import Context
    from anello.optimise.formulation.expression import Expression, Relation

Kind = Literal["variable", "constraint", "expression"]
Builder = TypeVar("Builder", bound=Callable[..., Any])


@dataclass
class Rows:
    """What a constraint function returns: labels and the relation that holds for each."""

    keys: Mapping[str, Sequence[str]]
    relation: Relation
    axis: str = ""


@dataclass
class Columns:
    """What a variable function returns: labels, the step axis, bounds and domain."""

    keys: Mapping[str, Sequence[str]]
    axis: str = ""
    lower: float = 0.0
    upper: float = float("inf")
    integer: bool = False


@dataclass
class Named:
    """What an expression function returns: labels and the expression."""

    keys: Mapping[str, Sequence[str]]
    expression: Expression
    axis: str = ""


@dataclass(frozen=True)
class Entry:
    """One variable, constraint or named expression of the formulation.

    Attributes
    ----------
    name : str
        Name as in the documentation.
    kind : {"variable", "constraint", "expression"}
        What it is.
    index : str
        What it is indexed by, in words.
    when : str
        When it is part of a model.
    equation : str
        LaTeX of the relation (for variables: domain and unit).
    theme : str
        The module it lives in, which is its chapter in the reference.
    build : callable
        Builds :class:`Columns`, :class:`Rows` or :class:`Named` from the context; ``None`` when
        the model has no such item.
    """

    name: str
    kind: Kind
    index: str
    when: str
    equation: str
    theme: str
    build: Callable[[Context], Any]

    @property
    def text(self) -> str:
        """First sentence of the build function's docstring."""
        return (self.build.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")


REGISTRY: dict[tuple[Kind, str], Entry] = {}


def _register(
    kind: Kind, name: str, index: str, when: str, equation: str
) -> Callable[[Builder], Builder]:
    def decorate(function: Builder) -> Builder:
        if (kind, name) in REGISTRY:
            raise ValueError(f"{kind} {name} is registered twice")
        theme = function.__module__.rsplit(".", 1)[-1]
        REGISTRY[kind, name] = Entry(name, kind, index, when, equation, theme, function)
        return function

    return decorate


def variable(
    name: str, *, index: str, when: str = "always", domain: str
) -> Callable[[Builder], Builder]:
    """Register a function that returns the :class:`Columns` of a variable."""
    return _register("variable", name, index, when, domain)


def constraint(
    name: str, *, index: str, when: str = "always", equation: str
) -> Callable[[Builder], Builder]:
    """Register a function that returns the :class:`Rows` of a constraint."""
    return _register("constraint", name, index, when, equation)


def expression(
    name: str, *, index: str, when: str = "always", equation: str
) -> Callable[[Builder], Builder]:
    """Register a function that returns a :class:`Named` expression."""
    return _register("expression", name, index, when, equation)


def entries(kind: Kind) -> list[Entry]:
    """All entries of one kind, in the order they are built."""
    return [entry for entry in REGISTRY.values() if entry.kind == kind]
