"""YAML text to nested mappings that remember where each key was written.

Only plain data is read: text, numbers, true/false, null, lists and mappings. Numbers follow
YAML 1.2, in which ``1e6`` is a number and ``on`` is text; dates stay text. The document is read
event by event, so that neither deep nesting nor aliases that multiply themselves can exhaust the
machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from anello.base.yaml_lines import LOADER, repeated_keys
from anello.errors import ConfigError, InputError, Problem
from anello.model.schema.mark import Mark
from anello.model.schema.report import Report
from anello.model.schema.tree import MAX_DEPTH, Tree

MAX_BYTES = 50_000_000
"""Largest file that is read."""

MAX_VALUES = 2_000_000
"""Most values a document may hold, each alias counted with all it stands for."""

MAX_DIGITS = 400
"""Longest text that is taken as a number; no number that is meant has more digits."""

_INT = re.compile(r"[-+]?[0-9][0-9_]*\Z")
_BASED = re.compile(r"[-+]?0(?:o[0-7_]+|x[0-9a-fA-F_]+|b[01_]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{sign + word: float(sign + "inf") for sign in "+-" for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".inf", ".Inf", ".INF"), float("inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}
_COLLECTION_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!", None}


def parse_scalar(text: str) -> Any:
    """Return the value that an unquoted YAML 1.2 scalar stands for.

    What looks like a number and has more than `MAX_DIGITS` characters stays text.

    Parameters
    ----------
    text : str
        For example ``"1e6"``, ``".inf"``, ``"true"`` or ``"grid"``.

    Returns
    -------
    None, bool, int, float or str
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > MAX_DIGITS:
        return text
    if _INT.match(text):
        return int(text.replace("_", ""))
    if _BASED.match(text):
        return int(text.replace("_", ""), 0)
    if _FLOAT.match(text):
        return float(text.replace("_", ""))
    return text


@dataclass(slots=True)
class _Frame:
    """A mapping or list that is still being read."""

    value: Tree | list[Any]
    anchor: str | None
    line: int
    size: int = 1
    key: Any = None
    key_line: int = 0
    awaits_value: bool = False
    seen: set[str] = field(default_factory=set)
    inherited: list[Tree] = field(default_factory=list)


class _Builder:
    """Turns parser events into nested values without recursion."""

    def __init__(self, source: str, report: Report) -> None:
        self.source = source
        self.report = report
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.documents: list[Any] = []
        self.total = 0

    def fail(self, message: str, line: int, key: str | None = None) -> InputError:
        return InputError(Problem(message, file=self.source, line=line, key=key))

    def add(self, value: Any, size: int, line: int) -> None:
        """Put a finished value where it belongs."""
        if not self.stack:
            self.documents.append(value)
            return
        frame = self.stack[-1]
        frame.size += size
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif not frame.awaits_value:
            frame.key, frame.key_line, frame.awaits_value = value, line, True
        else:
            frame.awaits_value = False
            self.add_item(frame, value)

    def add_item(self, frame: _Frame, value: Any) -> None:
        key, mark = frame.key, Mark(self.source, frame.key_line)
        if key == "<<" and isinstance(value, (Tree, list)):
            frame.inherited.extend(value if isinstance(value, list) else [value])
            return
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            self.report.error(
                "a key must be text or a whole number", key=str(key), mark=mark, value=key
            )
            return
        name = str(key)
        if name in frame.seen:
            self.report.error("key given twice in one mapping", key=name, mark=mark)
        frame.seen.add(name)
        assert isinstance(frame.value, Tree)
        frame.value.insert(name, value, mark, self.report)

    def close(self) -> None:
        frame = self.stack.pop()
        for parent in frame.inherited:
            if not isinstance(parent, Tree):
                raise self.fail("`<<` needs a mapping or a list of mappings", frame.line)
            assert isinstance(frame.value, Tree)
            for name in parent.keys() - frame.value.keys():
                frame.value.put(name, parent[name], parent.mark(name))
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (frame.value, frame.size)
        self.add(frame.value, frame.size, frame.line)

    def handle(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event, line)
            if event.anchor is not None:
                self.anchors[event.anchor] = (value, 1)
            self.count(1, line)
            self.add(value, 1, line)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self.fail(f"alias `*{event.anchor}` is used before it is defined", line)
            value, size = self.anchors[event.anchor]
            self.count(size, line)
            self.add(value, size, line)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if event.tag not in _COLLECTION_TAGS:
                raise self.fail(f"the tag `{event.tag}` is not allowed, only plain data is", line)
            if len(self.stack) >= MAX_DEPTH:
                raise self.fail(f"nested deeper than {MAX_DEPTH} levels", line)
            self.count(1, line)
            is_map = isinstance(event, yaml.MappingStartEvent)
            self.stack.append(_Frame(Tree() if is_map else [], event.anchor, line))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.close()

    def count(self, size: int, line: int) -> None:
        self.total += size
        if self.total > MAX_VALUES:
            raise self.fail(f"stands for more than {MAX_VALUES:,} values (aliases included)", line)

    def scalar(self, event: Any, line: int) -> Any:
        if event.tag not in (None, "!") and event.tag not in _TAGS:
            raise self.fail(f"the tag `{event.tag}` is not allowed, only plain data is", line)
        if event.tag == "!" or (event.tag is None and not event.implicit[0]):
            return event.value
        if event.tag == "tag:yaml.org,2002:str":
            return event.value
        return parse_scalar(event.value)


def read_text(path: Path) -> str:
    """Read a text file that a user wrote.

    Raises
    ------
    InputError
        If it cannot be read, is not UTF-8, or is too large.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(Problem(f"larger than {MAX_BYTES:,} bytes", file=str(path)))
        return path.read_text(encoding="utf-8-sig")
    except OSError as err:
        reason = err.strerror or type(err).__name__
        raise InputError(Problem(f"cannot be read: {reason}", file=str(path))) from err
    except UnicodeDecodeError as err:
        raise InputError(Problem("is not UTF-8 text", file=str(path))) from err


def parse_settings(text: str, source: str) -> dict[str, Any]:
    """Read a YAML mapping as PyYAML and Snakemake understand it, within this module's limits.

    A run's settings are YAML 1.1, in which dots in keys mean nothing.

    Parameters
    ----------
    text : str
        The document.
    source : str
        Name to show in messages, usually the path.

    Raises
    ------
    ConfigError
        If the text is not YAML, holds more than plain data, is no mapping, or is too large.
    """
    try:
        parse_yaml(text, source, Report(strict=False))
    except InputError as err:
        raise ConfigError(err.problems) from err
    loader = LOADER(text)
    try:
        root = loader.get_single_node()
        repeated = repeated_keys(root, source)  # first: merging writes into the mappings
        content: dict[str, Any] = loader.construct_document(root)
    except (yaml.YAMLError, ValueError, OverflowError) as err:
        raise ConfigError(Problem(f"not valid YAML: {err}", file=source)) from err
    finally:
        loader.dispose()
    if repeated:
        raise ConfigError(repeated)
    return content


def read_settings(path: Path) -> dict[str, Any]:
    """Read a file of settings, as `parse_settings` does.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    try:
        text = read_text(path)
    except InputError as err:
        raise ConfigError(err.problems) from err
    return parse_settings(text, str(path))


def _events(text: str) -> Iterator[Any]:
    parser = LOADER(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


def _yaml_hint(what: str, text: str, line: int | None) -> str | None:
    """Return what is probably wrong with text that is not YAML."""
    lines = text.splitlines()
    if line is not None and line <= len(lines) and "\t" in lines[line - 1]:
        return "Indent with spaces, and not with tabs"
    if "mapping values are not allowed" in what:
        return "Is a colon missing in the line above, or a space behind one, or is it indented?"
    if "did not find expected" in what:
        return "Is a bracket or a quote not closed, or is a line indented otherwise than its like?"
    return None


def parse_yaml(text: str, source: str, report: Report) -> Tree:
    """Read one YAML document that holds a mapping.

    Parameters
    ----------
    text : str
        The document.
    source : str
        Name to show in messages, usually the path.
    report : Report
        Receives faults that do not stop the reading, such as a key given twice.

    Returns
    -------
    Tree
        The document; dotted keys are already nested.

    Raises
    ------
    InputError
        If the text is not YAML, holds more than plain data, is no mapping, or is too large.
    """
    builder = _Builder(source, report)
    try:
        for event in _events(text):
            builder.handle(event)
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        what = getattr(err, "problem", None) or str(err)
        line = mark.line + 1 if mark else None
        hint = _yaml_hint(what, text, line)
        raise InputError(Problem(f"not valid YAML: {what}", source, line, suggestion=hint)) from err
    if len(builder.documents) > 1:
        raise InputError(Problem("holds more than one YAML document", file=source))
    document = builder.documents[0] if builder.documents else None
    if not isinstance(document, Tree):
        raise InputError(
            Problem("must hold a mapping of keys to values", file=source, value=document)
        )
    return document
