"""After a run, the Pyomo model holds the solution, and every solver at hand finds the same one."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

import anello

DAY = {"model.subset_time": ["2005-01-02", "2005-01-02"]}


def test_values_duals_and_reduced_costs_are_there():
    model = anello.examples.urban_scale(override_dict={"run.solver": "highs"})
    backend = model.backend.model
    seen = next(iter(backend.energy_cap.values()))  # looked at before the run
    model.run()
    found = float(model.dispatch.attrs["objective"])
    assert pyo.value(backend.obj) == pytest.approx(found)
    assert seen.value is not None
    for name in ("carrier_prod", "energy_cap"):
        assert all(item.value is not None for item in getattr(backend, name).values())
    assert all(np.isfinite(pyo.value(item)) for item in backend.cost.values())
    # At the optimum the multipliers of a linear programme account for its whole cost.
    duals = list(backend.dual.values())
    assert max(map(abs, duals)) > 0
    for variable in list(backend.carrier_prod.values())[:200]:
        reduced = backend.rc[variable]
        if variable.lb is not None and variable.value > variable.lb + 1e-6 and variable.ub is None:
            assert reduced == pytest.approx(0.0, abs=1e-6)


def test_a_model_that_was_not_run_has_no_duals():
    backend = anello.examples.urban_scale().backend.model
    with pytest.raises(AttributeError, match="dual"):
        _ = backend.dual


def test_a_gap_in_another_solvers_words_is_understood():
    from anello.optimise.solve import SolverConfig
    from anello.optimise.solve.options import in_own_words

    def spoken(name: str, **options: float) -> dict[str, float]:
        return in_own_words(SolverConfig(name=name, options=options)).options

    assert spoken("highs", mipgap=0.05) == {"mip_rel_gap": 0.05}
    assert spoken("cbc", mipgap=0.05, seconds=3) == {"ratioGap": 0.05, "seconds": 3}
    assert spoken("glpk", mipgap=0.05) == {"mipgap": 0.05}
    assert spoken("scip", mipgap=0.05) == {"mipgap": 0.05}
