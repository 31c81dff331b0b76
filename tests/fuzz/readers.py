"""What is fuzzed: each reader of what a user, or a model from elsewhere, may bring.

Each target is a hypothesis test. In the suite it draws a few dozen inputs; `make fuzz` has it draw
thousands, and has a coverage-guided fuzzer choose thousands more (`python -m fuzz`).
"""

from __future__ import annotations

import copy
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from anello.api.attrdict import AttrDict
from anello.coupling.record import ConvergenceRecord
from anello.district.config import load_district
from anello.errors import AnelloError
from anello.model.definition import read_model
from anello.model.quality import QualityConfig, check_series_folder
from anello.optimise.solve import Basis, Problem
from anello.run.config import read_config
from small_model import RICH, demand_csv

ROOT = Path(__file__).resolve().parents[2]
ALWAYS_READ = (
    ROOT,
    Path(sys.prefix),
    Path(sys.base_prefix),
    Path("/usr"),
    Path("/etc"),
    Path("/sys"),
)
NEVER = (
    "os.system",
    "subprocess.Popen",
    "os.exec",
    "os.fork",
    "pickle.find_class",
    "socket.connect",
)

counted: Counter[str] = Counter()
slowest: defaultdict[str, float] = defaultdict(float)
_watched: list[Path] = []
_touched: list[str] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Note files opened outside the folder at hand, and whatever only code may do."""
    if not _watched:
        return
    if event in NEVER:
        _touched.append(f"{event} {arguments[:1]}")
    elif event == "open" and isinstance(arguments[0], (str, bytes)):
        name = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        path = Path(name).resolve() if "\0" not in name else Path("/")
        writes = any(sign in str(arguments[1]) for sign in "wax+")
        allowed = (_watched[-1],) if writes else (_watched[-1], *ALWAYS_READ, Path("/dev"))
        if not path.is_relative_to(Path("/proc")) and not any(map(path.is_relative_to, allowed)):
            _touched.append(f"{'wrote' if writes else 'read'} {path}")


sys.addaudithook(_watch)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder, outside which nothing may be read or written while the block runs."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name).resolve() / "model"
        place.mkdir()
        (place.parent / "secret.csv").write_text("time,xyzzy\n2020-01-01,1\n")
        _watched.append(place)
        try:
            yield place
        finally:
            _watched.pop()
        found, _touched[:] = list(_touched), []
        assert not found, f"reached outside: {found}"


def read_or_refused(name: str, read: Callable[[], object]) -> None:
    """Assert that reading ends well, or in an error on purpose whose text says something."""
    counted[name] += 1
    start = time.perf_counter()
    try:
        read()
    except AnelloError as error:
        text = str(error)
        assert text.strip()
        assert "xyzzy" not in text
    slowest[name] = max(slowest[name], time.perf_counter() - start)


# --- what is drawn ------------------------------------------------------------------------------

HOSTILE: list[Any] = [
    None, True, 0, -1, 3.5, 1e308, -1e308, 10**400, float("inf"), float("nan"), "", " ", "x", "é",
    "\x00", "a" * 3000, "inf", "nan", "1e400", "1--1000000000", "1--3", "3--1", "a,,b", ",", "::",
    "file=", "file=../secret.csv", "file=../../secret.csv:a", "file=/etc/passwd:x",
    "file=demand.csv", "file=demand.csv:a", "file=demand.csv:zz", "df=x:y", "..", "/", "/etc",
    "~", "$HOME", "{x}", "%Y", "%s%s%s%n", "2020-01-01", "2020-02-31", "9999-12-31", "0001-01-01",
    "2020-01-01 25:00", ["2020-01-01", "2020-01-01"], ["0001-01-01", "9999-12-31"],
    ["2020-01-02", "2020-01-01"], "__import__('os').system('id')", "!!python/object:os.system",
    [], [None], [[]], [{}], {}, {"x": 1}, {"a": {"b": None}}, {"_REPLACE_": None}, [1, "a", None],
    list(range(500)), {str(k): k for k in range(300)}, "*", "&a", "<<", "1_000", "0x1F", "1e6",
]  # fmt: skip
NAMES = [
    "x", "", "a.b", ".", "a..b", "<<", "import", "1--1000000000", "1--3", "a,,b", "a,b", "exists",
    "parent", "techs", "constraints", "costs", "essentials", "_REPLACE_", "é", "a:b", "\x00", "0",
]  # fmt: skip
EDIT = st.tuples(
    st.sampled_from(["put", "put", "put", "delete", "rename", "add", "duplicate"]),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.one_of(
        st.sampled_from(HOSTILE),
        st.integers(-(10**20), 10**20),
        st.floats(),
        st.text(max_size=12),
        st.lists(st.sampled_from(HOSTILE), max_size=3),
    ),
)
EDITS = st.lists(EDIT, min_size=1, max_size=4)


def places(content: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all keys and list items."""
    found = []
    items: Any = ()
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)
    for key, value in items:
        found.append((*above, key))
        found += places(value, (*above, key))
    return found


def edited(content: Any, edits: list[tuple[str, int, int, Any]]) -> Any:
    """Return a copy with places deleted, renamed, added and filled."""
    content = copy.deepcopy(content)
    for action, at, other, value in edits:
        known = places(content)
        if not known:
            break
        *way, last = known[at % len(known)]
        here = content
        for key in way:
            here = here[key]
        names = [*NAMES, *(p[-1] for p in known)]
        name = names[other % len(names)]
        if action == "put":
            here[last] = copy.deepcopy(value)
        elif action == "delete":
            del here[last]
        elif isinstance(here, list):
            here.append(copy.deepcopy(value))
        elif action == "rename":
            here[name] = here.pop(last)
        elif action == "duplicate":
            here[name] = copy.deepcopy(here[last])
        else:
            here[name] = copy.deepcopy(value)
    return content


TOKENS = [
    "a", "b: ", "- ", "? ", ": ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ",", "#", "|\n",
    ">\n",
    "&a ", "*a", "&b [*a, *a]", "<<: ", "!!python/object/apply:os.system ['id']", "!!binary ",
    "!x ",
    "%YAML 1.1\n---\n", "---\n", "...\n", "'", '"', "\\", "\t", "é", "\x00", "\x85", "\u2028",
    "\ufeff", "1e6", ".inf", "0o7", "0x", "1:30", "2020-01-01", "2020-99-99", "true", "~",
    "a.b.c: 1",
    "_REPLACE_: ", "import: ['../secret.csv']", "import: [model.yaml]", "9" * 5000, "[" * 200,
    "{a: " * 100, "- " * 300, "a: &a [x, x]\nb: &b [*a, *a]\n", "{" * 3000,
]  # fmt: skip
YAML_TEXT = st.lists(st.one_of(st.sampled_from(TOKENS), st.text(max_size=8)), max_size=40).map(
    "".join
)
CELLS = [
    "0", "-1", "1e308", "1e999", "nan", "inf", "", " ", "x", "é", '"', '"1,2"', "'", "1,2", ";",
    "\t",
    "\x00", "2020-01-01 00:00:00", "2020-01-01", "2020-13-01", "99999-01-01", "0000-00-00", "-",
    "01/02/2020", "2020-01-01T00:00:00Z", "2020-03-29 02:00:00+02:00", "1_0", "0x10", "9" * 400,
    "=cmd|' /C calc'!A0", "\ufeff", "a" * 2000,
]  # fmt: skip
CSV_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["cell", "row", "delete", "double", "cut", "header", "bytes", "many"]),
        st.integers(0, 30),
        st.integers(0, 4),
        st.one_of(st.sampled_from(CELLS), st.text(max_size=6), st.floats().map(str)),
    ),
    min_size=1,
    max_size=6,
)


def csv_bytes(edits: list[tuple[str, int, int, str]]) -> bytes:
    """Return a series of a day with cells, rows and bytes changed."""
    lines = demand_csv().splitlines()
    tail = b""
    for action, at, column, cell in edits:
        row = min(at, len(lines) - 1) if lines else 0
        if not lines:
            lines = [cell]
        elif action == "cell":
            cells = lines[row].split(",")
            cells[column % len(cells)] = cell
            lines[row] = ",".join(cells)
        elif action == "row":
            lines.insert(row, cell)
        elif action == "delete":
            del lines[row]
        elif action == "double":
            lines.insert(row, lines[row])
        elif action == "cut":
            lines = lines[: row + 1]
        elif action == "header":
            lines[0] = cell
        elif action == "many":
            lines[row] = ",".join([cell[:20]] * 3000)
        else:
            tail = cell.encode("utf-16", "surrogatepass")
    return "\n".join(lines).encode("utf-8", "surrogatepass") + tail


@cache
def model() -> Any:
    """A model with every kind of technology and reference."""
    return yaml.safe_load(RICH)


@cache
def config() -> Any:
    """The run's default settings."""
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))


@cache
def district() -> Any:
    """The description of the embedded district."""
    path = ROOT / "workflow" / "anello" / "district" / "milan.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def artefacts() -> dict[str, bytes]:
    """A problem, a basis and a record as they lie on disk."""
    import small_models
    from anello.optimise.solve import solve

    problem = small_models.problem(hours=2)
    basis = solve(problem).basis
    assert basis is not None
    record = (
        '{"method": "slp", "criterion": "slp", "tolerance": 1.0, "max_iterations": 3, "trace": []}'
    )
    with tempfile.TemporaryDirectory() as name:
        problem.save(Path(name) / "problem.npz")
        basis.save(Path(name) / "basis.npz")
        found = {path.name: path.read_bytes() for path in Path(name).glob("*.npz")}
    return {**found, "convergence.json": record.encode()}


def dumped(content: Any) -> bytes:
    """Return YAML text; what cannot be written as YAML is written as Python sees it."""
    try:
        return yaml.safe_dump(content, allow_unicode=True).encode("utf-8", "surrogatepass")
    except yaml.YAMLError:
        return repr(content).encode("utf-8", "surrogatepass")


# --- the targets --------------------------------------------------------------------------------


@given(YAML_TEXT)
def yaml_text(text: str) -> None:
    """Any text in place of YAML."""
    read_or_refused("YAML text", lambda: AttrDict.from_yaml_string(text, resolve_imports=False))


@given(YAML_TEXT, st.binary(max_size=12))
def model_file(text: str, tail: bytes) -> None:
    """Any bytes in place of a model."""
    with folder() as place:
        (place / "model.yaml").write_bytes(text.encode("utf-8", "surrogatepass") + tail)
        read_or_refused("model file", lambda: read_model(place))


@given(EDITS, st.sampled_from([None, "s", "t", "o", "p"]), st.booleans())
def model_edits(edits: list[Any], scenario: str | None, strict: bool) -> None:
    """A model with places deleted, renamed, added and filled with what is hostile."""
    with folder() as place:
        (place / "series").mkdir()
        (place / "series" / "demand.csv").write_text(demand_csv())
        (place / "model.yaml").write_bytes(dumped(edited(model(), edits)))
        read_or_refused("model", lambda: read_model(place, scenario=scenario, strict=strict))


@given(CSV_EDITS)
def series(edits: list[Any]) -> None:
    """A model whose series are hostile."""
    with folder() as place:
        (place / "series").mkdir()
        (place / "series" / "demand.csv").write_bytes(csv_bytes(edits))
        (place / "model.yaml").write_text(yaml.safe_dump(model()))
        read_or_refused("series", lambda: read_model(place, scenario="s"))


@given(CSV_EDITS, st.sampled_from(["refuse", "repair", "accept"]))
def quality(edits: list[Any], policy: str) -> None:
    """The check of hostile series."""
    with folder() as place:
        (place / "demand.csv").write_bytes(csv_bytes(edits))
        chosen = QualityConfig.model_validate({"policy": policy})
        read_or_refused("check of series", lambda: check_series_folder(place, chosen))


@given(EDITS, YAML_TEXT, st.booleans())
def run_settings(edits: list[Any], text: str, structured: bool) -> None:
    """A run's settings."""
    with folder() as place:
        file = place / "config.yaml"
        content = dumped(edited(config(), edits)) if structured else text.encode("utf-8", "ignore")
        file.write_bytes(content)
        read_or_refused("settings of a run", lambda: read_config(file))


@given(EDITS)
def district_file(edits: list[Any]) -> None:
    """The description of a district."""
    with folder() as place:
        file = place / "district.yaml"
        file.write_bytes(dumped(edited(district(), edits)))
        read_or_refused("description of a district", lambda: load_district(file))


@given(
    st.sampled_from(["problem.npz", "basis.npz", "convergence.json"]),
    st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=6)), min_size=1, max_size=5),
    st.integers(0, 10**6),
)
def artefact(name: str, changes: list[tuple[int, bytes]], end: int) -> None:
    """Files of a run, altered where no checksum guards them."""
    content = bytearray(artefacts()[name])
    for at, put in changes:
        at %= len(content)
        content[at : at + len(put)] = put
    if end % 3 == 0:
        del content[end % (len(content) + 1) :]
    reader: dict[str, Callable[[Path], object]] = {
        "problem.npz": Problem.load,
        "basis.npz": Basis.load,
        "convergence.json": ConvergenceRecord.read,
    }
    with folder() as place:
        (place / name).write_bytes(content)
        read_or_refused("file of a run", lambda: reader[name](place / name))


TARGETS: dict[str, Callable[..., None]] = {
    f.__name__: f
    for f in (
        yaml_text, model_file, model_edits, series, quality, run_settings, district_file, artefact
    )
}  # fmt: skip
