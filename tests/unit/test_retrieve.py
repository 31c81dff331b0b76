"""Published files arrive whole and as they were, or not at all; no test leaves this machine."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from anello.errors import ConfigError, InputError
from anello.run.home import here_or_at_home
from anello.run.retrieve import Manifest, read_manifest, retrieve

FILES = {
    "model_op.yaml": b"import: []\n",
    "model_config/techs_op.yaml": b"techs: {}\n",
    "timeseries_data/demand_co.csv": b",a\n2015-01-01 00:00:00,0\n",
}
UPSTREAM = "Coupled model/Smart config"


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, counts requests, and fails as often as it is told to."""

    requests: list[str]
    failures: list[int]

    def do_GET(self) -> None:
        self.requests.append(self.path)
        if self.failures:
            self.send_error(self.failures.pop(0))
            return
        super().do_GET()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    root = tmp_path / "upstream"
    for name, content in FILES.items():
        path = root / "owner" / "repository" / "c0ffee" / UPSTREAM / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


@pytest.fixture
def server(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Handler]]:
    monkeypatch.setattr("anello.run.retrieve._PAUSE_S", 0.0)
    Handler.requests, Handler.failures = [], []
    handler = functools.partial(Handler, directory=str(upstream))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        Handler.port = http.server_port  # type: ignore[attr-defined]
        yield Handler
        http.shutdown()
        thread.join()


@pytest.fixture
def manifest(server: type[Handler]) -> Manifest:
    return _manifest(f"http://127.0.0.1:{server.port}")  # type: ignore[attr-defined]


def _manifest(address: str) -> Manifest:
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    return Manifest(
        "owner/repository",
        "c0ffee",
        address + "/{repository}/{commit}/{path}",
        {"smart": (UPSTREAM, sums)},
    )


def _content(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_files_arrive_as_they_are(manifest: Manifest, tmp_path: Path) -> None:
    placed = retrieve(manifest, "smart", tmp_path / "model")
    assert _content(tmp_path / "model") == FILES
    assert sorted(placed) == sorted(tmp_path / "model" / name for name in FILES)


def test_a_second_call_asks_for_nothing(
    manifest: Manifest, server: type[Handler], tmp_path: Path
) -> None:
    retrieve(manifest, "smart", tmp_path / "model")
    server.requests.clear()
    retrieve(manifest, "smart", tmp_path / "model")
    assert server.requests == []


def test_an_interrupted_retrieval_goes_on_where_it_was(
    manifest: Manifest, server: type[Handler], tmp_path: Path
) -> None:
    retrieve(manifest, "smart", tmp_path / "model")
    (tmp_path / "model" / "model_op.yaml").unlink()
    (tmp_path / "model" / "model_config" / "techs_op.yaml").write_text("edited by hand")
    server.requests.clear()
    retrieve(manifest, "smart", tmp_path / "model")
    assert len(server.requests) == 2
    assert _content(tmp_path / "model") == FILES


def test_a_changed_file_is_named_with_both_checksums_and_not_kept(
    manifest: Manifest, upstream: Path, tmp_path: Path
) -> None:
    path = upstream / "owner/repository/c0ffee" / UPSTREAM / "model_op.yaml"
    path.write_bytes(b"something else")
    with pytest.raises(InputError) as raised:
        retrieve(manifest, "smart", tmp_path / "model")
    text = str(raised.value)
    assert "Smart%20config/model_op.yaml" in text
    assert hashlib.sha256(FILES["model_op.yaml"]).hexdigest() in text
    assert hashlib.sha256(b"something else").hexdigest() in text
    assert not (tmp_path / "model" / "model_op.yaml").exists()
    assert (tmp_path / "model" / "model_config" / "techs_op.yaml").exists()


def test_a_missing_file_is_named(manifest: Manifest, upstream: Path, tmp_path: Path) -> None:
    (upstream / "owner/repository/c0ffee" / UPSTREAM / "model_op.yaml").unlink()
    with pytest.raises(InputError, match=r"model_op\.yaml.*404"):
        retrieve(manifest, "smart", tmp_path / "model")


def test_a_passing_trouble_is_waited_for(
    manifest: Manifest, server: type[Handler], tmp_path: Path
) -> None:
    server.failures += [503, 502]
    retrieve(manifest, "smart", tmp_path / "model")
    assert _content(tmp_path / "model") == FILES
    assert len(server.requests) == len(FILES) + 2


def test_a_lasting_trouble_is_an_error(
    manifest: Manifest, server: type[Handler], tmp_path: Path
) -> None:
    server.failures += [503] * 9
    with pytest.raises(InputError, match="503"):
        retrieve(manifest, "smart", tmp_path / "model")


def test_without_a_network_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anello.run.retrieve._PAUSE_S", 0.0)
    with pytest.raises(InputError, match="ANELLO_ICCEP2019") as raised:
        retrieve(_manifest("http://127.0.0.1:1"), "smart", tmp_path / "model")
    assert len(raised.value.problems) == 1  # not one for each file


def _local(folder: Path) -> Path:
    for name, content in FILES.items():
        path = folder / "smart" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_local_folder_takes_the_place_of_the_network(tmp_path: Path) -> None:
    local = _local(tmp_path / "local")
    retrieve(_manifest("http://127.0.0.1:1"), "smart", tmp_path / "model", local)
    assert _content(tmp_path / "model") == FILES


def test_a_local_folder_is_checked_too_and_all_its_faults_are_listed(tmp_path: Path) -> None:
    local = _local(tmp_path / "local")
    (local / "smart" / "model_op.yaml").write_bytes(b"import: []\r\n")
    (local / "smart" / "model_config" / "techs_op.yaml").unlink()
    with pytest.raises(InputError) as raised:
        retrieve(_manifest("http://127.0.0.1:1"), "smart", tmp_path / "model", local)
    text = str(raised.value)
    assert len(raised.value.problems) == 2
    assert "line ends" in text
    assert "techs_op.yaml" in text


def test_an_unknown_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder `other`"):
        retrieve(_manifest("http://127.0.0.1:1"), "other", tmp_path)


def test_the_manifest_of_the_study_is_pinned_and_complete(repo_root: Path) -> None:
    manifest = read_manifest(repo_root / "data" / "iccep2019" / "manifest.yaml")
    assert manifest.commit.startswith("ccb540a")
    assert len(manifest.commit) == 40
    assert {name: len(files) for name, (_, files) in manifest.folders.items()} == {
        "baseline": 12,
        "smart": 12,
    }
    address = manifest.address("smart", "timeseries_data/demand_co.csv")
    assert address == (
        "https://raw.githubusercontent.com/SESAM-Polimi/ICCEP-Calliope_iterative/"
        "ccb540aa080caf1650481143a2ccbca7d342cbb0/Coupled%20Calliope-thermodynamic%20model/"
        "Smarti%20district%20scenario%20config/timeseries_data/demand_co.csv"
    )


def test_the_study_can_be_had_from_a_local_folder(
    repo_root: Path, iccep2019: Path, tmp_path: Path
) -> None:
    manifest = read_manifest(repo_root / "data" / "iccep2019" / "manifest.yaml")
    for name in ("baseline", "smart"):
        assert len(retrieve(manifest, name, tmp_path / name, iccep2019)) == 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"commit": None}, "lacks a key"),
        ({"folders": {"a": {"upstream": "x", "files": {"../../etc/passwd": "0" * 64}}}}, "stay in"),
        ({"folders": {"a": {"upstream": "x", "files": {"b.csv": "abc"}}}}, "Not a SHA-256"),
    ],
)
def test_a_wrong_manifest_is_an_error(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    content: dict[str, object] = {
        "repository": "o/r",
        "commit": "c",
        "url": "http://127.0.0.1/{path}",
        "folders": {"a": {"upstream": "x", "files": {}}},
        **change,
    }
    content = {key: value for key, value in content.items() if value is not None}
    (tmp_path / "manifest.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match=message):
        read_manifest(tmp_path / "manifest.yaml")


def test_the_manifest_of_the_study_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("data/iccep2019/manifest.yaml")
    assert read_manifest(here_or_at_home(path)).folders.keys() == {"baseline", "smart"}
    path.parent.mkdir(parents=True)
    path.touch()
    assert here_or_at_home(path) == path
    assert here_or_at_home(Path("absent.yaml")) == Path("absent.yaml")
