"""The energy system's mathematics, written once as rows over arrays and held in a Pyomo model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anello.base.first_use import on_first_use

if TYPE_CHECKING:
    from anello.optimise.formulation.assemble import formulate
    from anello.optimise.formulation.pyomo_model import ArrayModel

__all__ = ["ArrayModel", "formulate"]

# A saved problem is solved without Pyomo.
__getattr__, __dir__ = on_first_use(
    __name__, {"ArrayModel": "pyomo_model", "formulate": "assemble"}
)
