"""From model data to a system of arrays, and on to a Pyomo model."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from anello.model.data import ModelData
from anello.optimise.formulation import (  # noqa: F401  (importing a theme registers its entries, in order)
    balance,
    borefield,
    capacity,
    conversion,
    conversion_plus,
    costs,
    dispatch,
    doublet,
    export,
    groups,
    milp,
    monthly_peaks,
    policy,
    representative_days,
    ring,
    secondary,
    transmission,
    variables,
)
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.objective import set_objective
from anello.optimise.formulation.pyomo_model import ArrayModel
from anello.optimise.formulation.registry import entries
from anello.optimise.formulation.ring_rows import RingRows
from anello.optimise.formulation.system import System


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector, which would otherwise scan millions of new objects."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def assemble(data: ModelData, ring_rows: RingRows | None = None) -> System:
    """Write the whole formulation of a model over arrays.

    Parameters
    ----------
    data : ModelData
        The model.
    ring_rows : RingRows, optional
        The ring, when its temperature and balancing are part of the programme.

    Returns
    -------
    System
        Variables, named expressions, constraints and objective.

    Raises
    ------
    ConfigError
        When the run options cannot be put into a linear model.
    """
    context = Context(data, ring_rows)
    system = context.system
    for entry in entries("variable"):
        columns = entry.build(context)
        if columns is not None:
            system.add_variable(
                entry.name,
                columns.keys,
                columns.axis,
                lower=columns.lower,
                upper=columns.upper,
                integer=columns.integer,
            )
    for entry in entries("expression"):
        named = entry.build(context)
        if named is not None:
            system.add_expression(entry.name, named.keys, named.expression, named.axis)
    for entry in entries("constraint"):
        rows = entry.build(context)
        if rows is not None:
            system.add_constraint(entry.name, rows.keys, rows.relation, rows.axis)
    set_objective(context)
    return system


def formulate(data: ModelData, ring_rows: RingRows | None = None) -> ArrayModel:
    """Build the Pyomo model of an energy system.

    Parameters
    ----------
    data : ModelData
        The model.
    ring_rows : RingRows, optional
        The ring, when its temperature and balancing are part of the programme.

    Returns
    -------
    ArrayModel
        A ``ConcreteModel`` whose core constraints keep their rows in arrays.

    Raises
    ------
    ConfigError
        When the run options cannot be put into a linear model.
    """
    with collector_paused():
        return ArrayModel(assemble(data, ring_rows))
