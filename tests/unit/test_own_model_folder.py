"""The how-to on coupling one's own model folder: its configuration couples its model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from anello.coupling.district import CoupledDistrict
from anello.examples import copy_example
from anello.model.definition import read_model
from anello.run.config import read_config


def test_the_configuration_of_the_page_couples_the_template(
    repo_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (repo_root / "docs" / "how-to" / "own-model-folder.md").read_text(encoding="utf-8")
    found = re.search(r'```yaml title="my_run.yaml"\n(.*?)```', page, re.DOTALL)
    assert found is not None
    Path("my_run.yaml").write_text(found.group(1), encoding="utf-8")
    copy_example("district", Path("my_model"))
    settings = read_config("my_run.yaml").scenario("smart")
    model = read_model(
        settings.data.model, settings.model_scenario, override_dict=settings.overrides
    )
    outcome = CoupledDistrict(model, settings.ring, settings.coupling, settings.solver).run()
    assert outcome.record.converged
    low, high = settings.ring.bounds_degc
    temperature = outcome.best.ring.temperature_degc
    assert low - 0.02 <= temperature.min() <= temperature.max() <= high + 0.02
    assert outcome.best.ring.cop.max() <= 12.0
