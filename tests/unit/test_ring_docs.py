"""What the ring's pages show works, and nothing is missing from them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
import yaml

from anello.coupling.record import IterationRecord
from anello.ring import RingConfig
from anello.ring.config import OddityConfig


def page(repo_root, name: str) -> str:
    return (repo_root / "docs" / name).read_text(encoding="utf-8")


def test_every_example_of_the_reference_is_valid(repo_root):
    blocks = re.findall(r"```yaml\n(.*?)```", page(repo_root, "reference/ring-config.md"), re.S)
    assert len(blocks) >= 4
    for block in blocks:
        RingConfig.model_validate(yaml.safe_load(block))


def test_the_pipe_example_runs(repo_root):
    (block,) = re.findall(r"```python\n(.*?)```", page(repo_root, "explanation/ring.md"), re.S)
    names: dict = {}
    exec(block, names)
    assert names["result"].outlet_degc[-1] == pytest.approx(49.89, abs=0.02)


def test_every_oddity_has_its_row(repo_root):
    text = page(repo_root, "explanation/iccep2019-oddities.md")
    for name in OddityConfig.model_fields:
        assert f"`ring.oddities.{name}`" in text
    assert re.findall(r"^\| (\d+) \|", text, re.M) == [str(n) for n in range(1, 15)]


def test_every_key_of_the_record_is_explained(repo_root):
    text = page(repo_root, "explanation/coupling.md")
    for name in IterationRecord.__dataclass_fields__:
        if name != "iteration":
            assert f"`{name}`" in text, name


def test_settings_survive_json():
    config = RingConfig.model_validate(
        {
            "heat_pumps": {
                "hp": {
                    "service": "heating",
                    "cop_map": {"kind": "carnot"},
                    "use_temperature": {"kind": "fixed", "degc": 35},
                }
            }
        }
    )
    assert RingConfig.model_validate(json.loads(config.model_dump_json())) == config


def test_settings_of_a_ring_are_read_without_its_simulation():
    code = "import sys, anello.ring.config; print('anello.ring.mixed' in sys.modules)"
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.stdout.strip() == "False"
