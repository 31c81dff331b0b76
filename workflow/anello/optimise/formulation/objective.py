"""What is minimised or maximised."""

from __future__ import annotations

from anello.errors import ConfigError, Problem
from anello.optimise.formulation.context import Context
from anello.optimise.formulation.expression import Expression


def set_objective(c: Context) -> None:
    """Set the objective of the system from the run options.

    ``minmax_cost_optimization``: the weighted sum of cost classes, minimised or maximised, with
    unmet demand and unused supply charged at ``bigM`` per kWh (credited when maximising).
    ``check_feasibility``: a constant.

    Raises
    ------
    ConfigError
        For an unknown objective or sense, or a weight on a cost class that no technology has.
    """
    name = c.run["objective"]
    if name == "check_feasibility":
        c.system.objective = Expression(1, None) + 1.0
        return
    if name != "minmax_cost_optimization":
        raise ConfigError(
            [
                Problem(
                    "unknown objective",
                    key="run.objective",
                    value=name,
                    suggestion="use minmax_cost_optimization or check_feasibility",
                )
            ]
        )
    options = c.run["objective_options"]
    sense = str(options.get("sense", "minimize"))
    if sense not in ("minimize", "minimise", "maximize", "maximise"):
        raise ConfigError(
            [
                Problem(
                    "unknown sense of the objective",
                    key="run.objective_options.sense",
                    value=sense,
                    suggestion="use minimize or maximize",
                )
            ]
        )
    c.system.sense = 1 if sense.startswith("min") else -1
    weights = options.get("cost_class") or {}
    total = Expression(1, None)
    if "cost" in c.system.expressions:
        block, _ = c.system.expressions["cost"]
        for cost_class, weight in weights.items():
            chosen = [k for (cost, _), k in block.positions().items() if cost == cost_class]
            if chosen:
                factor = 1.0 if weight is None else float(weight)
                total = total + c.named("cost", chosen).sum_items() * factor
    if "ring_cost" in c.system.expressions:
        _, plant = c.system.expressions["ring_cost"]
        total = total + plant.sum_items() * c.system.sense
    if "ring_size_cost" in c.system.expressions:
        _, sizes = c.system.expressions["ring_size_cost"]
        total = total + sizes.sum_items() * c.system.sense
    if "ring_end" in c.system.expressions:
        _, held = c.system.expressions["ring_end"]
        total = total + held.sum_items() * c.system.sense
    c.system.objective = total
    if "ring_beyond" in c.system.variables and c.ring is not None:
        price = c.weight * (c.system.sense * c.ring.beyond_eur_per_k[:, None])
        c.system.penalty = (c.system.variables["ring_beyond"].at() * price).sum_items().sum_time()
    if "ring_field_beyond" in c.system.variables and c.ring is not None and c.ring.field:
        price_eur = c.system.sense * c.ring.field.beyond_eur_per_k
        beyond = c.system.variables["ring_field_beyond"].at() * price_eur
        c.system.penalty = c.system.penalty + beyond.sum_items()
    if "ring_unseen" in c.system.variables:
        unseen = c.system.variables["ring_unseen"].at() * float(c.system.sense)
        c.system.penalty = c.system.penalty + unseen.sum_items().sum_time()
    if c.feasible:
        short = c.system.variables["unmet_demand"].at()
        spare = c.system.variables["unused_supply"].at()
        price = c.weight * (c.system.sense * float(c.run["bigM"]))
        unmet = ((short - spare) * price).sum_items().sum_time()
        c.system.penalty = c.system.penalty + unmet
