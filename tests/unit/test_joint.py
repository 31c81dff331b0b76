"""Problems with shared columns, against what is known of them without a computer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from anello.errors import InfeasibleError
from anello.optimise.formulation.expression import Block
from anello.optimise.solve import Problem, SolverConfig, solve
from anello.optimise.solve.joint import join

PRICE, LACK = 3.0, 10.0


def newsvendor(demand: float, *, most: float = 20.0, hours: int = 1) -> Problem:
    """Build a plant at `PRICE` per kW; each kWh of demand that it cannot meet costs `LACK`."""
    n = 1 + hours
    return Problem(
        indptr=np.arange(0, 2 * hours + 1, 2),
        indices=np.array([k for t in range(hours) for k in (0, 1 + t)]),
        data=np.ones(2 * hours),
        row_lower=np.full(hours, demand),
        row_upper=np.full(hours, np.inf),
        col_lower=np.zeros(n),
        col_upper=np.array([most, *[np.inf] * hours]),
        cost=np.array([PRICE, *[0.0] * hours]),
        penalty=np.array([0.0, *[LACK] * hours]),
        integer=np.zeros(n, dtype=bool),
        expr_indptr=np.zeros(1, dtype=np.int64),
        expr_indices=np.zeros(0, dtype=np.int64),
        expr_data=np.zeros(0),
        expr_constant=np.zeros(0),
        offset=1.0,
        sense=1,
        variables={
            "energy_cap": Block("energy_cap", {"node": ("a::plant",)}, None, 0),
            "lack": Block("lack", {"node": ("a::plant",)}, hours, 1, "timestep"),
        },
        constraints={"met": Block("met", {"node": ("a::plant",)}, hours, 0, "timestep")},
        expressions={},
        steps={"timestep": tuple(f"hour {t}" for t in range(hours))},
    )


SHARED = {"energy_cap": [("a::plant",)]}


@pytest.mark.parametrize(("weight", "size"), [(0.2, 5.0), (0.29, 5.0), (0.31, 9.0), (0.6, 9.0)])
def test_the_newsvendor_builds_up_to_the_critical_ratio(weight, size):
    """A kW more is worth its price where it is needed with a probability of 3/10 or more."""
    joint = join({"low": newsvendor(5.0), "high": newsvendor(9.0)}, [1 - weight, weight], SHARED)
    found = solve(joint.problem)
    low, high = joint.split(found)
    assert low.value("energy_cap") == high.value("energy_cap") == pytest.approx([size])
    assert high.value("lack")[0, 0] == pytest.approx(9.0 - size)
    assert found.objective == pytest.approx(1.0 + PRICE * size + weight * LACK * (9.0 - size))
    assert found.objective == pytest.approx(
        (1 - weight) * low.objective + weight * high.objective, rel=1e-12
    )
    # What one more kWh of demand costs the year in which it is, not what is to be expected.
    assert high.dual("met")[0, 0] == pytest.approx(LACK if size < 9.0 else PRICE / weight, rel=1e-9)


def test_one_problem_is_itself_and_nothing_shared_leaves_all_alone():
    alone = solve(newsvendor(5.0)).objective
    one = join({"only": newsvendor(5.0)}, [1.0], SHARED)
    assert solve(one.problem).objective == pytest.approx(alone)
    apart = join({"x": newsvendor(5.0), "y": newsvendor(9.0, hours=3)}, [0.5, 0.5], {})
    x, y = apart.split(solve(apart.problem))
    assert x.objective == pytest.approx(alone)
    assert y.objective == pytest.approx(solve(newsvendor(9.0, hours=3)).objective)


def test_columns_and_rows_are_named_by_year():
    joint = join({"low": newsvendor(5.0), "high": newsvendor(9.0, hours=2)}, [0.5, 0.5], SHARED)
    p = joint.problem
    names = [p.column_name(k) for k in range(p.n_columns)]
    assert names == [
        "energy_cap[a::plant]",
        "low: lack[a::plant, hour 0]",
        "high: lack[a::plant, hour 0]",
        "high: lack[a::plant, hour 1]",
    ]
    assert p.row_name(2) == "high: met[a::plant, hour 1]"


def test_whole_sizes_are_whole_in_all():
    parts = {
        name: replace(newsvendor(demand), integer=np.array([True, False]))
        for name, demand in (("low", 5.0), ("high", 8.8))
    }
    joint = join(parts, [0.5, 0.5], SHARED)
    found = solve(joint.problem, prices=True)
    low, high = joint.split(found)
    assert found.numbers_fixed
    assert low.value("energy_cap") == high.value("energy_cap") == [9.0]


def test_bounds_of_all_hold_and_those_that_exclude_each_other_are_named():
    small = newsvendor(9.0, most=6.0)
    joint = join({"low": newsvendor(5.0), "high": small}, [0.1, 0.9], SHARED)
    assert joint.split(solve(joint.problem))[0].value("energy_cap") == pytest.approx([6.0])
    large = replace(newsvendor(9.0), col_lower=np.array([7.0, 0.0]))
    with pytest.raises(InfeasibleError, match=r"energy_cap\[a::plant\] is one size for .* 7 .* 6"):
        join({"low": small, "high": large}, [0.5, 0.5], SHARED)


def test_who_has_no_solution_is_named():
    def needing(least: float, most: float) -> Problem:
        lacking = np.array([[0.0, 0.0], [most, 0.0]])
        part = newsvendor(least)
        return replace(part, col_lower=lacking[0], col_upper=lacking[1])

    joint = join({"low": needing(5.0, 6.0), "high": needing(9.0, 8.0)}, [0.5, 0.5], SHARED)
    with pytest.raises(InfeasibleError, match=r"^high: "):
        joint.solve(SolverConfig())
    # The low one would serve up to 6, the high one needs 7.
    joint = join({"low": needing(5.0, 6.0), "high": needing(7.0, 8.0)}, [0.5, 0.5], SHARED)
    with pytest.raises(InfeasibleError, match="each of low, high has a solution alone"):
        joint.solve(SolverConfig())


def test_what_cannot_be_joined_is_refused():
    other = replace(newsvendor(5.0), sense=-1)
    with pytest.raises(ValueError, match="of one sense"):
        join({"a": newsvendor(5.0), "b": other}, [0.5, 0.5], SHARED)
