"""The JSON schema of the settings, and their table in `config/README.md`.

``python -m anello.run.schemas`` renews both, ``--check`` compares them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from anello.base.files import write_text
from anello.errors import ConfigError, Problem
from anello.run.config import RunConfig

SCHEMA_FILE = Path("workflow/schemas/config.schema.json")
TABLE_FILE = Path("config/README.md")
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
    """Return the table of all settings as Markdown, one section per top-level key."""
    schema = RunConfig.model_json_schema()
    lines: list[str] = []
    for name, part in schema["properties"].items():
        lines += [f"### `{name}`", "", part.get("description", ""), ""]
        rows = list(_rows(schema, part, "", ()))
        if rows:
            lines += ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
            lines += [f"| {' | '.join(row)} |" for row in rows]
        else:
            lines.append(f"Value: {_type_name(schema, part)}.")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _resolve(schema: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        target = schema["$defs"][part["$ref"].rpartition("/")[2]]
        return {**target, **{k: v for k, v in part.items() if k != "$ref"}}
    return dict(part)


def _alternatives(schema: Mapping[str, Any], part: Mapping[str, Any]) -> list[dict[str, Any]]:
    part = _resolve(schema, part)
    options = part.get("oneOf") or part.get("anyOf")
    if options is None:
        return [part]
    return [found for option in options for found in _alternatives(schema, option)]


def _rows(
    schema: Mapping[str, Any], part: Mapping[str, Any], path: str, above: tuple[str, ...]
) -> Iterator[tuple[str, str, str, str]]:
    objects = [a for a in _alternatives(schema, part) if "properties" in a]
    for item in objects:
        if item["title"] in above:
            continue
        tag = next((p["const"] for p in item["properties"].values() if "const" in p), None)
        label = f" ({tag})" if tag is not None and len(objects) > 1 else ""
        for name, child in item["properties"].items():
            key = f"{path}.{name}" if path else name
            resolved = _resolve(schema, child)
            yield (
                f"`{key}`{label}",
                _cell(_type_name(schema, child)),
                _cell(_default(child, name in item.get("required", ()))),
                _cell(resolved.get("description", "")),
            )
            yield from _rows(schema, child, key, (*above, item["title"]))
    for item in _alternatives(schema, part):
        extra = item.get("additionalProperties")
        if isinstance(extra, dict):
            yield from _rows(schema, extra, f"{path}.<name>" if path else "<name>", above)
        if isinstance(item.get("items"), dict):
            yield from _rows(schema, item["items"], f"{path}[]", above)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _default(part: Mapping[str, Any], required: bool) -> str:
    if required:
        return "needed"
    if "default" not in part:
        return ""
    value = part["default"]
    if isinstance(value, dict) and value:
        return "see its keys"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _type_name(schema: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    names: list[str] = []
    for item in _alternatives(schema, part):
        if "enum" in item:
            name = ", ".join(f"`{value}`" for value in item["enum"])
        elif "const" in item:
            name = f"`{item['const']}`"
        elif item.get("type") == "array":
            inner = item.get("items") or (item.get("prefixItems") or [{}])[0]
            name = f"list of {_type_name(schema, inner)}"
        elif item.get("type") == "object":
            name = "mapping"
        else:
            name = _plain_type(item)
        if name not in names:
            names.append(name)
    return " or ".join(names)


def _plain_type(item: Mapping[str, Any]) -> str:
    name = {
        "number": "number", "integer": "whole number", "string": "text", "boolean": "true or false",
        "null": "null",
    }.get(str(item.get("type")), "any")  # fmt: skip
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    limits = [f"{sign} {item[key]:g}" for key, sign in signs.items() if key in item]
    return f"{name} {', '.join(limits)}".rstrip()


def _with_table(text: str) -> str:
    head, start, rest = text.partition(_TABLE_START)
    _, end, tail = rest.partition(_TABLE_END)
    if not (start and end):
        raise ConfigError(
            Problem("lacks the marks between which the table goes", file=str(TABLE_FILE))
        )
    return f"{head}{start}\n\n{settings_table()}\n{end}{tail}"


def main(arguments: Sequence[str] | None = None) -> Literal[0, 1]:
    """Write or check the schema and the table; run from the repository's top folder."""
    parser = argparse.ArgumentParser(prog="python -m anello.run.config", description=main.__doc__)
    parser.add_argument(
        "--check", action="store_true", help="only compare, and fail if they differ"
    )
    options = parser.parse_args(arguments)
    wanted = {
        SCHEMA_FILE: schema_text(),
        TABLE_FILE: _with_table(TABLE_FILE.read_text(encoding="utf-8")),
    }
    stale = [
        file
        for file, text in wanted.items()
        if not file.is_file() or file.read_text(encoding="utf-8") != text
    ]
    for file in stale:
        if options.check:
            print(f"{file} is not what anello.run.config says: run `make schemas`", file=sys.stderr)
        else:
            write_text(file, wanted[file])
            print(f"wrote {os.fspath(file)}")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
