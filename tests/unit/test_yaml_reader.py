"""YAML reading: numbers, marks, and documents that mean harm."""

from __future__ import annotations

import math
import time

import pytest

from anello.errors import InputError
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree
from anello.model.schema.yaml_reader import parse_scalar, parse_yaml


def parse(text: str) -> Tree:
    report = Report()
    tree = parse_yaml(text, "m.yaml", report)
    report.raise_errors()
    return tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e6", 1e6),
        ("1e-10", 1e-10),
        ("-1.5E+3", -1500.0),
        (".5", 0.5),
        ("5.", 5.0),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("inf", "inf"),
        ("12", 12),
        ("012", 12),
        ("0x1f", 31),
        ("0o17", 15),
        ("1_000", 1000),
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("yes", "yes"),
        ("null", None),
        ("~", None),
        ("2005-01-01", "2005-01-01"),
        ("1--3", "1--3"),
        ("12:30", "12:30"),
        ("e5", "e5"),
        ("1e", "1e"),
        ("", None),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object):
    found = parse_scalar(text)
    assert found == value
    assert type(found) is type(value)
    assert parse(f"key: {text}")["key"] == value


def test_quoted_scalars_stay_text():
    assert parse("a: '1e6'\nb: \"true\"\nc: !!str 5") == {"a": "1e6", "b": "true", "c": "5"}


def test_dotted_keys_are_nested_and_know_their_line():
    tree = parse("a.b: 1\n\na:\n  c.d: 2\n")
    assert tree == {"a": {"b": 1, "c": {"d": 2}}}
    assert tree.locate("a.c.d") == ("m.yaml", 4)
    assert tree.locate("a.b") == ("m.yaml", 1)
    assert tree.locate("a.zzz") == ("m.yaml", 1)


def test_aliases_and_merge_keys_are_read():
    tree = parse("x: &x {p: 1, q: 2}\ny: {<<: *x, q: 3}\nz: *x\nw: {<<: [*x]}")
    assert tree["y"] == {"q": 3, "p": 1}
    assert tree["z"] == tree["w"] == {"p": 1, "q": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "m.yaml:2: not valid"),
        ("a: 1\na: 2", "key given twice"),
        ("a.b: 1\na: {b: 2}", "given twice in one mapping"),
        ("1.5: 2", "text or a whole number"),
        ("[a]: 2", "text or a whole number"),
        ("a..b: 2", "a part of the key is empty"),
        ("a: !!python/name:os.system x", "not allowed"),
        ("a: !mine {b: 1}", "not allowed"),
        ("a: *b", "defined"),
        ("- a\n- b", "must hold a mapping"),
        ("", "must hold a mapping"),
        ("a: 1\n---\nb: 2", "more than one"),
        ("a: \x00", "not valid YAML"),
        ("<<: 3\nx: {<<: [3]}", "mapping"),
    ],
)
def test_faulty_documents_are_told(text: str, message: str):
    with pytest.raises(InputError, match=message):
        parse(text)


def test_a_document_cannot_exhaust_the_machine():
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    for above, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{','.join([f'*{above}'] * 10)}]")
    bombs = ["\n".join(lines), "a: " + "[" * 100_000, "a: " + "{a: " * 3000, "? " * 5000]
    for bomb in bombs:
        start = time.process_time()
        with pytest.raises(InputError):
            parse(bomb)
        assert time.process_time() - start < 5
