"""The compiled problem: patching equals formulating again, files are whole or refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import small_models
from anello.errors import ArtefactError
from anello.optimise.solve import Basis, Problem, solve

HOURS = 12


@pytest.fixture(scope="module")
def problem() -> Problem:
    return small_models.problem(hours=HOURS)


def assert_same(a: Problem, b: Problem, rtol: float = 0.0) -> None:
    """Two problems are the same in every array and name."""
    for field in dataclasses.fields(Problem):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype, field.name
            np.testing.assert_allclose(one, other, rtol=rtol, atol=0, err_msg=field.name)
        elif field.name != "slots":
            assert one == other, field.name
    for one, other in zip(a.slots, b.slots, strict=True):
        assert (one.parameter, one.nodes, one.power) == (other.parameter, other.nodes, other.power)
        np.testing.assert_array_equal(one.entries, other.entries)


# --- patching -----------------------------------------------------------------------------------
PATCHABLE = {
    "a::heat_pump": "techs.heat_pump",  # conversion
    "b::chp": "techs.chp",  # conversion_plus
    "a::tank": "techs.tank",  # storage, in and out
    "b::pv": "techs.pv",  # supply_plus with a store
    "a::line:b": "techs.line",  # transmission
}


@pytest.mark.parametrize("node", PATCHABLE)
@pytest.mark.parametrize("series", [False, True], ids=["number", "series"])
def test_a_patched_efficiency_equals_a_model_formulated_with_it(problem, node, series):
    new = 0.71 + (0.02 * np.arange(HOURS) if series else 0.0)
    tables = small_models.series(HOURS)
    table = next(iter(tables.values())).copy()
    table.loc[:, :] = np.broadcast_to(np.asarray(new), (2, HOURS)).T
    tech = node.split("::")[1].split(":")[0]
    changes = {f"{PATCHABLE[node]}.constraints.energy_eff": "df=new:a"}
    rebuilt = small_models.problem(changes, HOURS, tables={"new": table})
    # The technology stands at both locations (a link at both ends): patch each.
    labels = [n for s in problem.slots for n in s.nodes if n.split("::")[1].split(":")[0] == tech]
    patched = problem.patch({"energy_eff": dict.fromkeys(labels, new)})
    np.testing.assert_allclose(patched.data, rebuilt.data, rtol=1e-13)
    assert not np.array_equal(patched.data, problem.data)
    assert solve(patched).objective == pytest.approx(solve(rebuilt).objective, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(1.5, 6.0), min_size=HOURS, max_size=HOURS))
def test_patching_back_restores_every_entry(cop):
    problem = PROBLEM
    old = small_models.series(HOURS)["cop"]["a"].to_numpy()
    there = problem.patch({"energy_eff": {"a::heat_pump": np.array(cop)}})
    back = there.patch({"energy_eff": {"a::heat_pump": old}})
    np.testing.assert_allclose(back.data, problem.data, rtol=1e-14)


PROBLEM = small_models.problem(hours=HOURS)


def test_a_patch_leaves_the_original_alone_and_shares_the_rest(problem):
    before = problem.data.copy()
    patched = problem.patch({"energy_eff": {"a::heat_pump": 3.0}})
    np.testing.assert_array_equal(problem.data, before)
    assert patched.cost is problem.cost
    assert patched.row_lower is problem.row_lower


def test_what_cannot_be_patched_is_refused(problem):
    with pytest.raises(KeyError, match="b::grid"):
        problem.patch({"energy_eff": {"b::grid": 0.9}})
    with pytest.raises(KeyError, match="storage_loss"):
        problem.patch({"storage_loss": {"a::tank": 0.1}})
    with pytest.raises(KeyError, match="a::heatpump"):
        problem.patch({"energy_eff": {"a::heat_pump": 3.0, "a::heatpump": 3.0}})
    with pytest.raises(ValueError, match="not finite"):
        problem.patch({"energy_eff": {"a::heat_pump": np.full(HOURS, np.nan)}})
    with pytest.raises(ValueError, match="5 values for 12 steps"):
        problem.patch({"energy_eff": {"a::heat_pump": np.ones(5)}})
    with pytest.raises(ValueError, match="cannot become zero"):
        problem.patch({"energy_eff": {"a::tank": np.zeros(HOURS)}})


def test_a_cop_of_zero_is_no_heat(problem):
    patched = problem.patch({"energy_eff": {"a::heat_pump": 0.0, "b::heat_pump": 0.0}})
    given = solve(patched).value("carrier_prod")
    labels = patched.variables["carrier_prod"].labels()
    for label in (("a::heat_pump", "heat"), ("b::heat_pump", "heat")):
        np.testing.assert_allclose(given[labels.index(label)], 0.0, atol=1e-9)


def test_stores_with_an_efficiency_of_zero_give_nothing_and_are_not_patched():
    table = small_models.series(HOURS)["cop"].copy()
    table.loc[:, :] = 0.9
    table.iloc[3:6] = 0.0
    changes = {"techs.tank.constraints.energy_eff": "df=new"}
    problem = small_models.problem(changes, HOURS, tables={"new": table})
    out = solve(problem).value("carrier_prod")
    position = problem.variables["carrier_prod"].labels().index(("a::tank", "heat"))
    np.testing.assert_allclose(out[position, 3:6], 0.0, atol=1e-9)
    assert out[position].max() > 1
    with pytest.raises(KeyError, match="cannot be patched"):
        problem.patch({"energy_eff": {"a::tank": 0.9}})


def test_new_bounds(problem):
    fewer = problem.with_bounds(
        columns={"carrier_prod": (np.nan, 20.0)},
        rows={"energy_capacity": (0.0, np.nan)},
    )
    block = problem.variables["carrier_prod"]
    assert np.all(fewer.col_upper[block.start : block.stop] == 20.0)
    np.testing.assert_array_equal(fewer.col_lower, problem.col_lower)
    rows = problem.constraints["energy_capacity"]
    assert np.all(fewer.row_lower[rows.start : rows.stop] == 0.0)
    np.testing.assert_array_equal(fewer.row_upper, problem.row_upper)


# --- names ----------------------------------------------------------------------------------------
def test_names_for_people(problem):
    block = problem.variables["storage"]
    assert problem.column_name(block.start) == "storage[a::tank, 2019-03-04 00:00]"
    rows = problem.constraints["system_balance"]
    label = ", ".join(rows.labels()[1])
    assert problem.row_name(rows.start + HOURS) == f"system_balance[{label}, 2019-03-04 00:00]"


def test_users_rows_and_columns_keep_their_pyomo_names():
    import pyomo.environ as pyo

    from anello.optimise.solve import compile_problem

    model = small_models.model(hours=HOURS)
    model.extra = pyo.Var(["p", "q"])
    model.limit = pyo.Constraint(expr=model.extra["q"] <= 3)
    problem = compile_problem(model)
    assert problem.column_name(problem.n_columns - 1) == "extra[q]"
    assert problem.row_name(problem.n_rows - 1) == "limit"


# --- files ----------------------------------------------------------------------------------------
def test_a_saved_problem_is_the_same_problem(problem, tmp_path):
    path = tmp_path / "problem.npz"
    problem.save(path)
    loaded = Problem.load(path)
    assert_same(problem, loaded)
    again = loaded.patch({"energy_eff": {"a::heat_pump": 3.3}})
    assert_same(again, problem.patch({"energy_eff": {"a::heat_pump": 3.3}}))


def test_equal_problems_make_equal_bytes(problem, tmp_path):
    problem.save(tmp_path / "one.npz")
    small_models.problem(hours=HOURS).save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_a_saved_basis_is_the_same_basis(problem, tmp_path):
    basis = solve(problem).basis
    basis.save(tmp_path / "basis.npz")
    loaded = Basis.load(tmp_path / "basis.npz")
    np.testing.assert_array_equal(loaded.columns, basis.columns)
    np.testing.assert_array_equal(loaded.rows, basis.rows)
    assert loaded.signature == basis.signature == problem.signature


@pytest.fixture(scope="module")
def files(problem, tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("files")
    problem.save(folder / "problem.npz")
    solve(problem).basis.save(folder / "basis.npz")
    return {name: (folder / f"{name}.npz").read_bytes() for name in ("problem", "basis")}


LOADERS = {"problem": Problem.load, "basis": Basis.load}


@pytest.mark.parametrize("kind", LOADERS)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(files, tmp_path, kind, share):
    path = tmp_path / "cut.npz"
    path.write_bytes(files[kind][: int(share * len(files[kind]))])
    with pytest.raises(ArtefactError, match=r"cut\.npz"):
        LOADERS[kind](path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_noticed_or_changes_nothing(files, tmp_path_factory, data):
    kind = data.draw(st.sampled_from(sorted(LOADERS)))
    content = bytearray(files[kind])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("flip") / "file.npz"
    path.write_bytes(bytes(content))
    try:
        loaded = LOADERS[kind](path)
    except ArtefactError:
        return
    # Some bytes of the container (dates, padding) carry nothing.
    if isinstance(loaded, Problem):
        assert_same(loaded, PROBLEM)


@pytest.mark.parametrize("kind", LOADERS)
def test_a_missing_or_foreign_file_is_refused(files, tmp_path, kind):
    with pytest.raises(ArtefactError):
        LOADERS[kind](tmp_path / "none.npz")
    other = "basis" if kind == "problem" else "problem"
    (tmp_path / "other.npz").write_bytes(files[other])
    with pytest.raises(ArtefactError):
        LOADERS[kind](tmp_path / "other.npz")
    np.savez(tmp_path / "plain.npz", a=np.ones(3))
    with pytest.raises(ArtefactError):
        LOADERS[kind](tmp_path / "plain.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ArtefactError):
        LOADERS[kind](tmp_path / "text.npz")


def test_a_failed_save_leaves_the_old_file(problem, tmp_path, monkeypatch):
    path = tmp_path / "problem.npz"
    problem.save(path)
    before = path.read_bytes()

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        problem.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["problem.npz"]
