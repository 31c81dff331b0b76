"""A model from elsewhere reads nothing outside its folder, unless the user names a wider one."""

from __future__ import annotations

from pathlib import Path

import pytest

from anello.cli import main
from anello.errors import InputError
from anello.run.preprocess.config import FolderData, QualityConfig
from anello.run.preprocess.stage import preprocess
from small_model import demand_csv, write_folder

SECRET = "password,hunter2\n2020-01-01 00:00:00,not a number\n"
MODEL = """
model: {{timeseries_data_path: {folder}}}
techs:
  dem: {{essentials: {{parent: demand, carrier: el}}, constraints.resource: 'file={file}:a'}}
  grid: {{essentials: {{parent: supply, carrier: el}}}}
locations: {{a.techs: {{dem: , grid: }}}}
"""


@pytest.mark.parametrize(
    ("folder", "file"),
    [("series", "../../secret.csv"), ("..", "secret.csv"), ("{up}", "secret.csv"),
     ("series", "{up}/secret.csv"), ("series", "link.csv"), ("linked", "secret.csv")],
)  # fmt: skip
def test_series_outside_are_neither_read_nor_quoted(tmp_path: Path, folder: str, file: str) -> None:
    (tmp_path / "secret.csv").write_text(SECRET)
    text = MODEL.format(folder=folder.format(up=tmp_path), file=file.format(up=tmp_path))
    model = write_folder(tmp_path / "model", text)
    (tmp_path / "model" / "series" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "model" / "linked").symlink_to(tmp_path)
    report = tmp_path / "quality.json"
    with pytest.raises(InputError, match=r"leads out of the model folder|must be relative") as told:
        preprocess(
            FolderData(source="folder", model=model), QualityConfig(), tmp_path, report_json=report
        )
    written = report.read_text() if report.exists() else ""
    assert "hunter2" not in str(told.value) + written
    assert "secret" not in written


def test_a_wider_folder_may_be_named(tmp_path: Path) -> None:
    model = write_folder(tmp_path / "model", MODEL.format(folder="../shared", file="demand.csv"))
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "demand.csv").write_text(demand_csv(48))
    data = FolderData(source="folder", model=model, root=tmp_path)
    done = preprocess(data, QualityConfig(policy="accept"), tmp_path)
    assert done.model_data.inputs.sizes["timestep"] == 48


def test_all_parts_outside_are_named_at_once_with_the_one_option_that_opens_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = MODEL.format(folder="../data/series", file="demand.csv")
    imports = "import: [../config/techs.yaml, '../config/no,thing.yaml', inside.yaml]\n"
    overrides = "overrides.o.import: [../config/other.yaml]\nscenarios.s: [o]\n"
    model = write_folder(tmp_path / "m" / "model", imports + text + overrides)
    (model.parent / "inside.yaml").write_text("run: {mode: plan}")
    assert main(["check", str(model.parent), "--all"]) != 0
    told = capsys.readouterr().err
    for part in ("techs.yaml", "no,thing.yaml", "other.yaml", "../data/series"):
        assert part in told
    assert "inside.yaml" not in told
    assert "4 parts of the model lie outside" in told
    assert f"--root {tmp_path / 'm'}" in told
    assert "not defined" not in told
    (tmp_path / "m" / "config").mkdir()
    (tmp_path / "m" / "data").mkdir()
    (model.parent / "series").rename(tmp_path / "m" / "data" / "series")
    for name in ("techs.yaml", "no,thing.yaml", "other.yaml"):  # what they hold is not the point
        (tmp_path / "m" / "config" / name).write_text("techs: {}\n")
    assert main(["check", str(model.parent), "--all", "--root", str(tmp_path / "m")]) == 0
