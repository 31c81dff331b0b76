"""The problem with several steps in one, and the basis that it gives."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import linear_programmes as lp
import small_models
from anello.errors import InfeasibleError
from anello.optimise.formulation.expression import Block
from anello.optimise.formulation.system import TIME_AXIS
from anello.optimise.solve import SolverConfig, Start, solve
from anello.optimise.solve import methods as methods_module
from anello.optimise.solve import optimise as optimise_module
from anello.optimise.solve.coarse import STEPS, coarser
from anello.optimise.solve.config import HIGHS
from anello.optimise.solve.joint import join
from anello.optimise.solve.methods import begins_coarse
from anello.optimise.solve.reduction import reduce_problem

INF = np.inf
PROBLEM = small_models.problem(hours=26)


def matrix(problem):
    shape = problem.n_rows, problem.n_columns
    return sparse.csr_array((problem.data, problem.indices, problem.indptr), shape).toarray()


def two_plants(demand, price):
    """Return the problem of serving a demand [kW] from two plants, the first up to 4 kW."""
    steps = len(demand)
    rows = np.hstack([np.eye(steps), np.eye(steps)])
    most, cost = np.repeat([4.0, INF], steps), np.repeat(price, steps)
    plain = lp.problem(rows, demand, demand, 0, most, cost)
    return dataclasses.replace(
        plain,
        variables={"prod": Block("prod", {"node": ("a", "b")}, steps, 0, TIME_AXIS)},
        constraints={"balance": Block("balance", {"node": ("all",)}, steps, 0, TIME_AXIS)},
        steps={TIME_AXIS: tuple(str(step) for step in range(steps))},
    )


@given(st.integers(1, 30))
def test_every_coarse_item_stands_for_the_same_item_of_its_steps(steps):
    coarse = coarser(PROBLEM, steps)
    for fine_blocks, blocks, number in (
        (PROBLEM.variables, coarse.problem.variables, coarse.columns),
        (PROBLEM.constraints, coarse.problem.constraints, coarse.rows),
    ):
        assert list(fine_blocks) == list(blocks)
        for name, block in fine_blocks.items():
            there = blocks[name]
            assert there.keys == block.keys
            if block.n_time is None:
                np.testing.assert_array_equal(number[block.numbers], there.numbers)
            else:
                np.testing.assert_array_equal(
                    number[block.numbers], there.numbers[:, np.arange(block.n_time) // steps]
                )
    assert coarse.problem.n_rows == 1 + max(coarse.rows)
    assert coarse.problem.n_columns == 1 + max(coarse.columns)


def test_one_step_in_one_is_the_problem_itself():
    coarse = coarser(PROBLEM, 1).problem
    np.testing.assert_array_equal(matrix(coarse), matrix(PROBLEM))
    for side in ("row_lower", "row_upper", "col_lower", "col_upper", "cost", "penalty"):
        np.testing.assert_array_equal(getattr(coarse, side), getattr(PROBLEM, side))
    assert coarse.signature == PROBLEM.signature


@pytest.mark.parametrize("steps", [2, 4, 26])
def test_a_dispatch_that_is_the_same_in_all_steps_costs_the_same_and_keeps_the_rows(steps):
    coarse = coarser(PROBLEM, steps)
    x = np.random.default_rng(steps).random(coarse.problem.n_columns)
    spread = x[coarse.columns]
    assert coarse.problem.cost @ x == pytest.approx(PROBLEM.cost @ spread)
    assert coarse.problem.penalty @ x == pytest.approx(PROBLEM.penalty @ spread)
    means = np.bincount(coarse.rows, PROBLEM.row_values(spread)) / np.bincount(coarse.rows)
    np.testing.assert_allclose(coarse.problem.row_values(x), means, rtol=1e-9, atol=1e-9)


def test_hours_that_are_alike_have_the_coarse_basis(caplog):
    """Nothing is left to do where each step of four is one hour four times."""
    one = np.repeat([3.0, 5.0, 2.0], STEPS)
    problem = two_plants(one, [1.0, 2.0])
    coarse = coarser(problem)
    found = solve(coarse.problem)
    start = Start(coarse.refined(found.basis, problem))
    fine = solve(problem, SolverConfig(options={"presolve": "off"}), start=start)
    assert fine.warm
    assert fine.objective == pytest.approx(found.objective)
    assert "Simplex   iterations" not in fine.log


@pytest.fixture
def every_size(monkeypatch):
    monkeypatch.setattr(methods_module, "LEAST_ROWS", 1)


def test_the_optimum_is_that_of_all_steps(every_size, monkeypatch):
    asked = []
    truly = optimise_module.coarser
    monkeypatch.setattr(optimise_module, "coarser", lambda p: asked.append(p) or truly(p))
    found, plain = solve(PROBLEM), solve(PROBLEM, SolverConfig(warm_start=False))
    assert len(asked) == 1
    assert found.warm
    assert not plain.warm
    assert found.objective == pytest.approx(plain.objective, rel=1e-9)
    lp.check_optimality(found)


def test_a_coarse_problem_without_a_solution_costs_nothing_but_time(every_size, monkeypatch):
    def refuse(reduction, *_how, **_more):
        if reduction.problem.n_rows < PROBLEM.n_rows:
            raise InfeasibleError("nothing satisfies the means")
        return truly(reduction, *_how, **_more)

    truly = optimise_module.optimise_reduced
    monkeypatch.setattr(optimise_module, "optimise_reduced", refuse)
    found = solve(PROBLEM)
    assert not found.warm
    assert found.objective == pytest.approx(solve(PROBLEM).objective)


@pytest.mark.parametrize(
    ("settings", "start", "begins"),
    [
        (HIGHS, Start(), True),
        (SolverConfig(method="simplex"), Start(), True),
        (SolverConfig(method="hipo"), Start(), False),
        (SolverConfig(warm_start=False), Start(), False),
        (SolverConfig(name="cbc"), Start(), False),
        (SolverConfig(options={"solver": "ipm"}), Start(), False),
        (HIGHS, Start(solve(PROBLEM).basis), False),
    ],
)
def test_where_a_first_basis_is_sought(every_size, settings, start, begins):
    assert begins_coarse(reduce_problem(PROBLEM), settings, start) is begins


def test_small_problems_and_those_with_integers_are_solved_at_once(monkeypatch):
    assert not begins_coarse(reduce_problem(PROBLEM), HIGHS, Start())
    monkeypatch.setattr(methods_module, "LEAST_ROWS", 1)
    whole = np.arange(PROBLEM.n_columns) < 5
    assert not begins_coarse(
        reduce_problem(dataclasses.replace(PROBLEM, integer=whole)), HIGHS, Start()
    )


def test_with_free_sizes_only_the_first_of_a_search_begins_coarse(every_size, monkeypatch):
    monkeypatch.setattr(methods_module, "DENSE_ENTRIES", 10)
    free = small_models.problem(
        {
            "techs.heat_pump.constraints.energy_cap_equals": None,
            "techs.heat_pump.constraints.energy_cap_max": 50,
        },
        hours=26,
    )
    reduction = reduce_problem(free)
    assert not begins_coarse(reduction, HIGHS, Start())
    assert not begins_coarse(reduction, HIGHS, Start(followed=True))  # small for HiPO
    monkeypatch.setattr(methods_module, "MANY_ROWS", 1)
    assert begins_coarse(reduction, HIGHS, Start(followed=True))


def test_each_part_of_a_joint_problem_has_its_own_steps():
    part = two_plants(np.arange(1.0, 9.0), [1.0, 2.0])
    joint = join({"typical": part, "hard": part}, [0.5, 0.5], {}).problem
    coarse = coarser(joint).problem
    assert (coarse.n_rows, coarse.n_columns) == (joint.n_rows // STEPS, joint.n_columns // STEPS)
    assert {len(labels) for labels in coarse.steps.values()} == {2}
