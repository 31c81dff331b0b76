"""Expressions over arrays mean what the same sums written out with loops mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anello.errors import InputError
from anello.optimise.formulation.expression import Block, Expression, Parameter, Term, reciprocal
from anello.optimise.formulation.system import System, compress

STEPS = ("00:00", "01:00", "02:00")
K, T = 2, 3


@pytest.fixture
def system() -> System:
    system = System({"timestep": STEPS})
    system.add_variable("size", {"node": ["a", "b"]})
    system.add_variable("flow", {"node": ["a", "b"]}, "timestep")
    return system


def dense(expression: Expression, n_columns: int) -> np.ndarray:
    """Every scalar row as a full row of coefficients."""
    indptr, indices, data, _ = compress(expression, n_columns)
    matrix = np.zeros((len(indptr) - 1, n_columns))
    for row in range(len(matrix)):
        part = slice(indptr[row], indptr[row + 1])
        matrix[row, indices[part]] = data[part]
    return matrix


def values(expression: Expression, x: np.ndarray) -> np.ndarray:
    shape = (expression.count, expression.n_time or 1)
    return (dense(expression, len(x)) @ x + expression.constants()).reshape(shape)


X = np.array([10.0, 20.0, 1, 2, 3, 4, 5, 6])  # size a, b; flow a (3 steps), flow b
SIZE, FLOW = X[:2, None], X[2:].reshape(2, 3)
PER_ITEM = np.array([2.0, -3.0])
SERIES = np.array([[1.0, 0.5, 2.0]])
BOTH = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 5.0]])


def test_blocks_number_items_row_by_row():
    block = Block("flow", {"node": ("a", "b"), "carrier": ("heat", "gas")}, 3, 10, "timestep")
    assert block.shape == (2, 3)
    assert block.stop == 16
    assert block.numbers.tolist() == [[10, 11, 12], [13, 14, 15]]
    assert block.positions() == {("a", "heat"): 0, ("b", "gas"): 1}
    assert block.describe(14, {"timestep": STEPS}) == "flow[b, gas, 01:00]"
    assert Block("size", {"node": ("a",)}, None, 0).describe(0, {}) == "size[a]"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (lambda s, f: f + s, FLOW + SIZE),
        (lambda s, f: f - s * 2.0 + 1.0, FLOW - 2 * SIZE + 1),
        (lambda s, f: 3.0 - f, 3 - FLOW),
        (lambda s, f: PER_ITEM * f, PER_ITEM[:, None] * FLOW),
        (lambda s, f: f * SERIES, FLOW * SERIES),
        (lambda s, f: s * BOTH, SIZE * BOTH),
        (lambda s, f: (s + 1.0) * BOTH, (SIZE + 1) * BOTH),
        (lambda s, f: f / PER_ITEM, FLOW / PER_ITEM[:, None]),
        (lambda s, f: f + BOTH, FLOW + BOTH),
        (lambda s, f: s + BOTH, SIZE + BOTH),
        (lambda s, f: -f, -FLOW),
        (lambda s, f: f.sum_items(), FLOW.sum(axis=0, keepdims=True)),
        (lambda s, f: f.sum_time(), FLOW.sum(axis=1, keepdims=True)),
        (
            lambda s, f: (f + s * SERIES + 2.0).sum_time(),
            (FLOW + SIZE * SERIES + 2).sum(1)[:, None],
        ),
        (lambda s, f: (f * BOTH).sum_time() * 2.0, 2 * (FLOW * BOTH).sum(1)[:, None]),
        (lambda s, f: (f + PER_ITEM).sum_into([0, 0], 2), [[X[2] + X[5] - 1, 6, 8], [0, 0, 0]]),
        (lambda s, f: (f + BOTH).pick(np.array([-1, 0]), 1), (FLOW + BOTH)[1:]),
        (lambda s, f: s.sum_time(), SIZE),
        (lambda s, f: f + f - f, FLOW),
    ],
)
def test_arithmetic(system, expression, expected):
    size, flow = system.variables["size"].at(), system.variables["flow"].at()
    found = values(expression(size, flow), X)
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape))


def test_variables_by_position_and_step(system):
    flow = system.variables["flow"]
    np.testing.assert_allclose(values(flow.at([1, 0]), X), FLOW[[1, 0]])
    np.testing.assert_allclose(values(flow.at([1], [2, 0, 1]), X), FLOW[[1]][:, [2, 0, 1]])
    np.testing.assert_allclose(values(flow.at_step([1, 0], 2), X), FLOW[[1, 0], 2][:, None])


def test_relations_move_constants_to_the_bounds(system):
    flow = system.variables["flow"].at()
    for relation, lower, upper in (
        (flow + 1.0 <= 5.0, -np.inf, 4.0),
        (flow + 1.0 >= 5.0, 4.0, np.inf),
        (flow + 1.0 == 5.0, 4.0, 4.0),
        ((flow + 1.0).between(0.0, 5.0), -1.0, 4.0),
    ):
        low, high = relation.bounds()
        assert low.tolist() == [lower] * 6
        assert high.tolist() == [upper] * 6


def test_rows_can_be_left_out(system):
    relation = (system.variables["flow"].at() <= 1.0).where(np.array([[True, False, True]]))
    _, high = relation.bounds()
    assert high.tolist() == [1.0, np.inf, 1.0] * 2
    one_item = (system.variables["flow"].at() <= 1.0).where(np.array([True, False]))
    assert one_item.bounds()[1].tolist() == [1.0] * 3 + [np.inf] * 3


@pytest.mark.parametrize(
    "wrong",
    [
        lambda s, f: f + f.sum_items(),
        lambda s, f: f * np.array([1.0, 2.0, 3.0]),
        lambda s, f: f.sum_time() * SERIES,
    ],
)
def test_shapes_that_do_not_fit_are_refused(system, wrong):
    with pytest.raises(ValueError, match=r"cannot add|expected 2 values|cannot be scaled"):
        wrong(system.variables["size"].at(), system.variables["flow"].at())


def test_a_reciprocal_of_zero_is_zero():
    assert reciprocal(np.array([2.0, 0.0])).tolist() == [0.5, 0.0]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 5), st.floats(-9, 9, allow_subnormal=False)),
        max_size=30,
    )
)
def test_entries_that_meet_are_added(entries):
    expression = Expression(
        4,
        None,
        [Term(np.array([r]), np.array([c]), np.array([[v]])) for r, c, v in entries],
    )
    expected = np.zeros((4, 6))
    for r, c, v in entries:
        expected[r, c] += v
    np.testing.assert_allclose(dense(expression, 6), expected, atol=1e-12)
    indptr, indices, _, _ = compress(expression, 6)
    for row in range(4):
        columns = indices[indptr[row] : indptr[row + 1]]
        assert np.all(np.diff(columns) > 0)


@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([1, -1]),
    st.data(),
)
def test_slots_rebuild_every_entry_from_new_values(count, steps, power, data):
    """``base + multiplier · value**power`` is what building with the new values gives."""
    system = System({"timestep": [str(t) for t in range(steps)]})
    names = [f"n{k}" for k in range(count)]
    flow = system.add_variable("flow", {"node": names}, "timestep")
    number = st.floats(0.5, 9)

    def drawn() -> np.ndarray:
        flat = data.draw(st.lists(number, min_size=count * steps, max_size=count * steps))
        return np.array(flat).reshape(count, steps)

    factor, old, new = drawn(), drawn(), drawn()
    target = data.draw(st.permutations(range(count)))

    def built(parameter_values: np.ndarray) -> Expression:
        tag = Parameter("eff", tuple(names), parameter_values)
        scaled = flow.at() * factor
        scaled = scaled * tag if power == 1 else scaled / tag
        return scaled.sum_into(target, count) + flow.at() * 0.25

    _, _, patched, slots = compress(built(old), system.n_columns)
    for slot in slots:
        rows = [names.index(node) for node in slot.nodes]
        patched[slot.entries] = slot.base + slot.multiplier * new[rows] ** slot.power
    _, _, rebuilt, _ = compress(built(new), system.n_columns)
    np.testing.assert_allclose(patched, rebuilt, rtol=1e-12)


def test_a_parameter_beside_a_constant_or_another_parameter_is_not_tagged(system):
    tag = Parameter("eff", ("a", "b"), BOTH)
    flow = system.variables["flow"].at()
    for expression in ((flow + 1.0) * tag, (flow * tag) * tag):
        assert all(not slot.nodes or slot.parameter == "eff" for slot in compress(expression, 8)[3])
    assert compress((flow + 1.0) * tag, 8)[3] == []
    np.testing.assert_allclose(values((flow * tag) * tag, X), FLOW * BOTH**2)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_number_that_is_not_finite_names_its_row(system, wrong):
    factor = np.ones((2, 3))
    factor[1, 2] = wrong
    relation = system.variables["flow"].at() * factor <= 1.0
    system.add_constraint("limit", {"node": ["a", "b"]}, relation, "timestep")
    with pytest.raises(InputError, match=r"limit\[b, 02:00\] holds a number that is not finite"):
        system.row_blocks()


def test_a_right_hand_side_that_is_no_number_names_its_row(system):
    relation = system.variables["flow"].at() <= np.array([[1, np.nan, 1], [1, 1, 1.0]])
    system.add_constraint("limit", {"node": ["a", "b"]}, relation, "timestep")
    with pytest.raises(InputError, match=r"limit\[a, 01:00\]"):
        system.row_blocks()


def test_labels_must_fit_rows(system):
    system.add_constraint("limit", {"node": ["a"]}, system.variables["size"].at() <= 1.0)
    with pytest.raises(ValueError, match="1 labels for 2 rows"):
        system.row_blocks()
