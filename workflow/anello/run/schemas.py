"""The JSON schema of the settings, and tables: of settings, descriptions and building uses.

``python -m anello.run.schemas`` renews them, ``--check`` compares them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from anello.base.files import write_text
from anello.base.plausible import SPANS
from anello.base.setting_tables import sections
from anello.district.config import DistrictConfig
from anello.district.costs import catalogue
from anello.errors import ConfigError, Problem
from anello.run.config import RunConfig
from anello.run.uses_page import uses_table

SCHEMA_FILE = Path("workflow/schemas/config.schema.json")
TABLE_FILE = Path("config/README.md")
DESCRIPTION_PAGE = Path("docs/reference/district-description.md")
USUAL_PAGE = Path("docs/reference/usual-values.md")
USES_PAGE = Path("docs/reference/building-uses.md")
_TABLE_START = "<!-- settings: made by `make schemas` -->"
_TABLE_END = "<!-- end of settings -->"


def schema_text() -> str:
    """Return the JSON schema of the configuration file, as it is kept in `workflow/schemas`."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RunConfig.model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def settings_table() -> str:
    """Return the table of all settings of a run as Markdown, one section per top-level key."""
    return sections(RunConfig.model_json_schema())


def description_table() -> str:
    """Return the same of a district's description."""
    schema = DistrictConfig.model_json_schema()
    schema["properties"].pop("folder", None)
    return sections(schema, "##") + "\n" + _default_costs()


def _default_costs() -> str:
    """Return the table of costs that stand where a description gives none, with their sources."""
    lines = [
        "## Costs by default",
        "",
        "What the keys of `costs` are where a description leaves them out, from `costs.yaml`. "
        "Units are in the keys.",
        "",
        "| what | by default | prices of | source |",
        "| --- | --- | --- | --- |",
    ]
    for name, entry in catalogue().items():
        values = ", ".join(
            f"`{key}: {value:g}`" for key, value in entry.items() if key not in ("year", "source")
        )
        source = str(entry["source"]).replace("|", "\\|")
        lines.append(f"| {name.replace('_', ' ')} | {values} | {entry['year']} | {source} |")
    return "\n".join(lines) + "\n"


def usual_table() -> str:
    """Return the table of numbers that are possible, and of those that are usual."""
    lines = ["| setting | possible | usual | note |", "| --- | --- | --- | --- |"]
    for name, span in SPANS.items():
        cells = (f"{low:g} to {high:g}" for low, high in (span.possible, span.usual))
        lines.append(f"| `{name}` | {' | '.join(cells)} | {span.hint} |")
    return "\n".join(lines) + "\n"


def _with_table(file: Path, table: str) -> str:
    head, start, rest = file.read_text(encoding="utf-8").partition(_TABLE_START)
    _, end, tail = rest.partition(_TABLE_END)
    if not (start and end):
        raise ConfigError(Problem("lacks the marks between which the table goes", file=str(file)))
    return f"{head}{start}\n\n{table}\n{end}{tail}"


def main(arguments: Sequence[str] | None = None) -> Literal[0, 1]:
    """Write or check the schema and the table; run from the repository's top folder."""
    parser = argparse.ArgumentParser(prog="python -m anello.run.schemas", description=main.__doc__)
    parser.add_argument(
        "--check", action="store_true", help="only compare, and fail if they differ"
    )
    options = parser.parse_args(arguments)
    wanted = {
        SCHEMA_FILE: schema_text(),
        TABLE_FILE: _with_table(TABLE_FILE, settings_table()),
        DESCRIPTION_PAGE: _with_table(DESCRIPTION_PAGE, description_table()),
        USUAL_PAGE: _with_table(USUAL_PAGE, usual_table()),
        USES_PAGE: _with_table(USES_PAGE, uses_table()),
    }
    stale = [
        file
        for file, text in wanted.items()
        if not file.is_file() or file.read_text(encoding="utf-8") != text
    ]
    for file in stale:
        if options.check:
            print(f"{file} is not what the settings say: run `make schemas`", file=sys.stderr)
        else:
            write_text(file, wanted[file])
            print(f"wrote {os.fspath(file)}")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
