"""The array-backed model is a real Pyomo model: whatever people do to it, both ways agree.

The fast path (`compile_problem` and `solve`) is held against Pyomo's own LP writer with CBC and
against `appsi_highs`, which know nothing of arrays.
"""

from __future__ import annotations

import functools
import gc
import pickle
import weakref

import pyomo
import pyomo.environ as pyo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import small_models
from anello.errors import SolveError
from anello.model.data import ModelData
from anello.optimise.formulation import formulate
from anello.optimise.formulation.pyomo_model import ArrayConstraint, ArrayModel, ArrayRow, ArrayVar
from anello.optimise.solve import SolverConfig, compile_problem, solve
from anello.optimise.solve.pyomo_solver import cbc_executable

HOURS = 12
# Private fields of these versions have been read and tried; the first is the oldest allowed.
PYOMO_VERSIONS = ("6.9", "6.10")
NOON, LATER = "2019-03-04 09:00", "2019-03-04 10:00"


@functools.cache
def _data() -> ModelData:
    return small_models.data(hours=HOURS)


@pytest.fixture
def model() -> ArrayModel:
    return formulate(_data())


def by_pyomo(model: pyo.ConcreteModel, solver: str = "appsi_highs") -> float:
    """Solve with a solver interface of Pyomo's, which writes the model its own way."""
    path = {"executable": cbc_executable()} if solver == "cbc" else {}
    factory = pyo.SolverFactory(solver, **path)
    factory.options["ratioGap" if solver == "cbc" else "mip_rel_gap"] = 0.0
    outcome = factory.solve(model)
    assert outcome.solver.termination_condition == pyo.TerminationCondition.optimal
    active = list(model.component_data_objects(pyo.Objective, active=True))
    return pyo.value(active[0])


def by_arrays(model: ArrayModel) -> float:
    return solve(compile_problem(model), SolverConfig(options={"mip_rel_gap": 0.0})).objective


# --- edits that people make -------------------------------------------------------------------
def add_constraint(m):
    m.limit = pyo.Constraint(expr=sum(m.carrier_prod["a::grid", "electricity", :]) <= 250)


def _least(m, t):
    return m.carrier_prod["a::boiler", "heat", t] >= 5


def add_indexed_constraint(m):
    hours = list(m.steps["timestep"])
    m.least = pyo.Constraint(hours, rule=_least)


def add_variable(m):
    m.extra = pyo.Var(bounds=(0, 3))
    m.use_extra = pyo.Constraint(expr=m.carrier_prod["a::boiler", "heat", NOON] - 4 * m.extra <= 30)
    m.obj.expr = m.obj.expr + 0.01 * m.extra


def add_integer(m):
    m.machines = pyo.Var(domain=pyo.NonNegativeIntegers)
    m.size = pyo.Constraint(expr=m.energy_cap["a::heat_pump"] == 5 * m.machines)


def add_block(m):
    m.part = pyo.Block()
    m.part.y = pyo.Var(domain=pyo.NonNegativeReals)
    m.part.rows = pyo.ConstraintList()
    m.part.rows.add(m.storage["a::tank", NOON] + m.part.y >= 20)
    m.part.rows.add(m.part.y <= 5)
    m.part.off = pyo.Constraint(expr=m.part.y >= 100)
    m.part.off.deactivate()
    m.idle = pyo.Block()
    m.idle.wrong = pyo.Constraint(expr=m.storage["a::tank", NOON] >= 1e6)
    m.idle.deactivate()


def add_range_and_equality(m):
    m.window = pyo.Constraint(expr=(2, m.storage["a::tank", NOON], 7))
    m.same = pyo.Constraint(
        expr=m.storage["a::tank", LATER] == 3 + 0.5 * m.energy_cap["b::heat_pump"]
    )


def make_integer(m):
    m.energy_cap["a::heat_pump"].domain = pyo.NonNegativeIntegers
    m.energy_cap["b::pv"].domain = pyo.Integers


def bound_by_domain(m):
    m.storage["a::tank", NOON].domain = pyo.UnitInterval


def set_bounds(m):
    m.storage["a::tank", NOON].setlb(4)
    m.carrier_prod["b::chp", "electricity", :].setub(3.5)


def fix_variable(m):
    m.storage["a::tank", NOON].fix(11.5)


def fix_and_use(m):
    m.energy_cap["b::heat_pump"].fix(6)
    m.product = pyo.Constraint(expr=m.energy_cap["b::heat_pump"] * m.storage["a::tank", NOON] >= 30)


def fix_and_release(m):
    m.storage["a::tank", NOON].fix(11.5)
    m.storage["a::tank", NOON].unfix()


def deactivate_component(m):
    m.storage_max_constraint.deactivate()


def deactivate_row(m):
    m.carrier_production_max_conversion_plus_constraint["b::chp", NOON].deactivate()


def deactivate_and_activate(m):
    m.storage_max_constraint.deactivate()
    m.storage_max_constraint["a::tank", NOON].activate()


def delete_rows(m):
    del m.carrier_production_max_conversion_plus_constraint["b::chp", NOON]


def clear_component(m):
    m.storage_max_constraint.clear()


def delete_component(m):
    m.del_component(m.storage_max_constraint)


def overwrite_row(m):
    m.storage_max_constraint["a::tank", NOON] = m.storage["a::tank", NOON] <= 2.5


def overwrite_through_value(m):
    row = m.carrier_production_max_conversion_plus_constraint["b::chp", NOON]
    row.set_value(row.body <= -1.5)


def overwrite_and_deactivate(m):
    m.storage_max_constraint["a::tank", LATER] = m.storage["a::tank", NOON] <= 2.5
    m.storage_max_constraint["a::tank", LATER].deactivate()


def add_row_to_component(m):
    m.storage_max_constraint["mine"] = m.storage["a::tank", NOON] <= 2.5


def new_objective(m):
    m.obj.deactivate()
    m.sun = pyo.Objective(
        expr=sum(m.resource_con["b::pv", :]) - 0.1 * m.resource_area["b::pv"] + 7,
        sense=pyo.maximize,
    )


def use_cost_expression(m):
    m.budget = pyo.Constraint(expr=m.cost["monetary", "a::grid"] <= 0.9 * 65)


def turn_objective(m):
    m.obj.expr = -m.obj.expr
    m.obj.sense = pyo.maximize


def touch_everything(m):
    for component in (pyo.Var, pyo.Constraint, pyo.Expression):
        list(m.component_data_objects(component))
    _ = m.obj.expr


EDITS = [
    add_constraint,
    add_indexed_constraint,
    add_variable,
    add_integer,
    add_block,
    add_range_and_equality,
    make_integer,
    bound_by_domain,
    set_bounds,
    fix_variable,
    fix_and_use,
    fix_and_release,
    deactivate_component,
    deactivate_row,
    deactivate_and_activate,
    delete_rows,
    clear_component,
    delete_component,
    overwrite_row,
    overwrite_through_value,
    overwrite_and_deactivate,
    add_row_to_component,
    new_objective,
    use_cost_expression,
    turn_objective,
    touch_everything,
]
WITHOUT_EFFECT = {fix_and_release, overwrite_and_deactivate, touch_everything}


@pytest.mark.parametrize("solver", ["appsi_highs", "cbc"])
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_after_an_edit_both_ways_find_the_same_optimum(model, edit, solver):
    before = by_arrays(model)
    edit(model)
    after = by_arrays(model)
    assert by_pyomo(model, solver) == pytest.approx(after, rel=1e-7)
    if edit in WITHOUT_EFFECT:
        assert after == pytest.approx(before, rel=1e-9)
    elif edit is not turn_objective:
        assert after != pytest.approx(before, rel=1e-7), "the edit should have changed something"


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("copy", [lambda m: m.clone(), pickled], ids=["clone", "pickle"])
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_copies_of_an_edited_model_are_the_same_model(model, edit, copy):
    edit(model)
    expected = by_arrays(model)
    copied = copy(model)
    assert by_arrays(copied) == pytest.approx(expected, rel=1e-9)
    assert by_pyomo(copied) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("edit", EDITS[::4], ids=lambda edit: edit.__name__)
def test_a_copy_can_be_edited_without_changing_the_original(model, edit, seen):
    if seen:
        touch_everything(model)
    expected = by_arrays(model)
    copied = model.clone()
    edit(copied)
    assert by_pyomo(copied) == pytest.approx(by_arrays(copied), rel=1e-7)
    assert by_arrays(model) == pytest.approx(expected, rel=1e-12)


COMPATIBLE = [
    add_constraint,
    add_variable,
    add_block,
    set_bounds,
    fix_and_use,
    deactivate_row,
    overwrite_through_value,
    use_cost_expression,
]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(COMPATIBLE), unique=True, min_size=2), st.booleans())
def test_edits_in_any_order_agree(edits, clone):
    model = formulate(_data())
    for k, edit in enumerate(edits):
        edit(model)
        if k == 0:
            compile_problem(
                model
            )  # compiling must leave nothing behind that the next edit trips on
        if clone:
            model = model.clone()
    assert by_pyomo(model) == pytest.approx(by_arrays(model), rel=1e-7)


# --- what Pyomo can do with the model -----------------------------------------------------------
@pytest.mark.parametrize("suffix", ["lp", "mps", "nl", "gms", "bar"])
def test_writers(model, tmp_path, suffix):
    path = tmp_path / f"model.{suffix}"
    model.write(str(path), io_options={"symbolic_solver_labels": True})
    assert path.stat().st_size > 10_000


def test_an_lp_file_names_rows_as_the_documentation_does(model, tmp_path):
    path = tmp_path / "model.lp"
    model.write(str(path), io_options={"symbolic_solver_labels": True})
    text = path.read_text()
    assert "storage_max_constraint(_a__tank___2019_03_04_09_00_)" in text
    assert "carrier_prod(_a__boiler__heat__2019_03_04_09_00_)" in text


def test_an_lp_file_read_by_highs_has_the_same_optimum(model, tmp_path):
    import highspy

    for suffix in ("lp", "mps"):
        path = tmp_path / f"model.{suffix}"
        model.write(str(path))
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.readModel(str(path))
        highs.run()
        assert highs.getObjectiveValue() == pytest.approx(by_arrays(model), rel=1e-7)


def test_rows_show_their_expression(model):
    row = model.storage_max_constraint["a::tank", NOON]
    assert str(row.expr) == (f"- storage_cap['a::tank'] + storage['a::tank','{NOON}']  <=  0.0")
    balance = model.system_balance_constraint["a", "heat", NOON]
    assert balance.equality
    assert row.upper == 0.0
    assert row.lower is None


def test_values_return_to_the_model(model):
    by_pyomo(model)
    balance = model.system_balance_constraint["a", "heat", NOON]
    assert pyo.value(balance.body) == pytest.approx(0.0, abs=1e-6)
    total = sum(pyo.value(item) for item in model.cost.values())
    assert total == pytest.approx(pyo.value(model.obj))


def test_a_misspelt_index_is_an_error_not_a_new_variable(model):
    with pytest.raises(KeyError, match="no item"):
        _ = model.energy_cap["a::heatpump"]
    with pytest.raises(KeyError):
        _ = model.storage_max_constraint["a::tank", "tomorrow"]


def test_nothing_is_made_before_somebody_looks(model):
    compile_problem(model)
    for component in model.array_components((ArrayVar, ArrayConstraint)):
        assert not component.seen
    copied = model.clone()
    assert not copied.storage.seen
    _ = model.storage["a::tank", NOON]
    assert model.storage.seen
    assert not model.carrier_prod.seen


# --- what cannot be compiled says so --------------------------------------------------------------
def quadratic(m):
    m.square = pyo.Constraint(expr=m.storage["a::tank", NOON] ** 2 <= 4)


def two_objectives(m):
    m.second = pyo.Objective(expr=m.energy_cap["b::pv"])


def no_objective(m):
    m.obj.deactivate()


def ordered_set(m):
    m.choice = pyo.Var([1, 2], bounds=(0, 1))
    m.sos = pyo.SOSConstraint(var=m.choice, sos=1)


def variable_of_another_model(m):
    other = pyo.ConcreteModel()
    other.x = pyo.Var()
    m.foreign = pyo.Constraint(expr=other.x + m.energy_cap["b::pv"] <= 4)


def variable_of_a_copy(m):
    m.foreign = pyo.Constraint(expr=m.clone().energy_cap["b::pv"] <= 4)


def deleted_variable(m):
    del m.storage["a::tank", NOON]


def deleted_variables(m):
    m.del_component(m.storage)


def domain_with_holes(m):
    m.energy_cap["b::pv"].domain = pyo.RangeSet(0, 20, 5)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (quadratic, "not linear"),
        (two_objectives, "2 active objectives"),
        (no_objective, "0 active objectives"),
        (ordered_set, "SOSConstraint cannot be compiled"),
        (variable_of_another_model, "not part of it"),
        (variable_of_a_copy, "not part of it"),
        (deleted_variable, "deleted"),
        (deleted_variables, "deleted"),
        (domain_with_holes, "neither continuous nor whole"),
    ],
    ids=lambda item: getattr(item, "__name__", ""),
)
def test_what_cannot_be_compiled_is_refused(model, edit, reason):
    edit(model)
    with pytest.raises(SolveError, match=reason):
        compile_problem(model)


# --- the part that depends on Pyomo's inside ------------------------------------------------------
def test_the_pyomo_version_is_one_that_was_tried():
    version = ".".join(pyomo.version.version.split(".")[:2])
    assert version in PYOMO_VERSIONS, (
        f"Pyomo {version}: run this file's other tests against it, then add it to PYOMO_VERSIONS"
    )


def test_pyomo_still_has_the_private_fields_that_are_used(model):
    from pyomo.core.base.constraint import ConstraintData, IndexedConstraint
    from pyomo.core.base.indexed_component import IndexedComponent

    assert "_expr" in ConstraintData.__slots__
    assert callable(IndexedComponent._create_objects_for_deepcopy)
    assert callable(IndexedComponent._getitem_when_not_present)
    assert IndexedConstraint._ComponentDataClass is ConstraintData
    row = model.storage_max_constraint["a::tank", NOON]
    assert isinstance(row, ArrayRow)
    assert row.from_array
    variable = model.storage["a::tank", NOON]
    assert {"_lb", "_ub", "_domain"} <= set(variable.__slots__)


def test_models_are_freed():
    model = formulate(_data())
    _ = model.storage_max_constraint["a::tank", NOON].expr
    problem = compile_problem(model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    assert problem.n_rows
