"""`AttrDict`: dotted keys, attributes, merging, YAML."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anello.api.attrdict import AttrDict, flow_yaml
from anello.errors import InputError

NAMES = st.text(alphabet="abcdefgh_", min_size=1, max_size=4)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(
        ["1e6", "on", "0o7", ".inf", "null", "2015-01-01", "1_000", "~", "a: b", "#", "x\n\n y\n"]
    ),
)
NESTED = st.dictionaries(
    NAMES,
    st.recursive(
        SCALARS,
        lambda inner: (
            st.dictionaries(NAMES, inner, min_size=1, max_size=3) | st.lists(inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)


@pytest.fixture
def settings() -> AttrDict:
    return AttrDict({"a": 1, "b": {"b1": 2, "b2": {"x": [3, {"y": 4}]}}})


def test_keys_are_attributes(settings):
    settings.b.b1 = 5
    assert settings.b.b2.x[1].y == 4
    assert settings["b"]["b1"] == settings.b.b1 == settings.get_key("b.b1") == 5
    del settings.a
    assert "a" not in settings
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = settings.nothing
    with pytest.raises(AttributeError):
        del settings.nothing
    assert "b" in dir(settings)


def test_dotted_keys_are_nested():
    settings = AttrDict({"a.b": 1, "a": {"c": 2}})
    settings.set_key("a.d.e", {"f": 3})
    assert settings.as_dict() == {"a": {"b": 1, "c": 2, "d": {"e": {"f": 3}}}}
    assert settings.a.d.e.f == 3
    with pytest.raises(KeyError, match="plain value"):
        settings.set_key("a.b.c", 1)


def test_missing_keys(settings):
    assert settings.get_key("b.none", "fallback") == "fallback"
    assert settings.get_key("a.b.c", None) is None
    with pytest.raises(KeyError, match=r"b\.none"):
        settings.get_key("b.none")
    settings.del_key("b.b2")
    assert settings.as_dict() == {"a": 1, "b": {"b1": 2}}
    for absent in ("b.b2", "a.x", "z"):
        with pytest.raises(KeyError):
            settings.del_key(absent)


def test_flat_forms(settings):
    assert settings.keys_nested() == ["a", "b.b1", "b.b2.x"]
    assert settings.keys_nested(subkeys_as="dict") == ["a", {"b": ["b1", {"b2": ["x"]}]}]
    assert settings.as_dict(flat=True) == {"a": 1, "b.b1": 2, "b.b2.x": [3, {"y": 4}]}
    with pytest.raises(ValueError, match="subkeys_as"):
        settings.keys_nested(subkeys_as="set")


def test_union_keeps_what_exists_unless_told(settings):
    before = settings.as_dict()
    with pytest.raises(KeyError, match=r"b\.b1"):
        settings.union(AttrDict({"new": 1, "b.b1": 9}))
    assert settings.as_dict() == before
    settings.union({"b.b1": 9, "c.d": 1}, allow_override=True)
    assert settings.b.b1 == 9
    assert settings.c.d == 1


def test_union_with_null_and_replacement(settings):
    settings.union({"b": None}, allow_override=True)
    assert settings.b.b1 == 2
    settings.union({"b.b2": {"_REPLACE_": None, "z": 1}}, allow_replacement=True)
    assert settings.b.as_dict() == {"b1": 2, "b2": {"z": 1}}
    settings.union({"b": {"_REPLACE_": 7}}, allow_replacement=True)
    assert settings.b == 7
    settings.union({"c.d": 1})
    settings.union({"c": None}, allow_override=True, allow_subdict_override_with_none=True)
    assert settings.c is None


def test_copies_share_nothing(settings):
    for twin in (
        settings.copy(),
        copy.deepcopy(settings),
        pickle.loads(pickle.dumps(settings)),
    ):
        assert twin == settings
        assert isinstance(twin.b, AttrDict)
        twin.b.b2.x.append(1)
        assert settings.b.b2.x == [3, {"y": 4}]


def test_imports(tmp_path):
    (tmp_path / "more.yaml").write_text("run.solver: cbc\nmodel.name: theirs\n")
    main = tmp_path / "main.yaml"
    main.write_text("import: [more.yaml]\nmodel.name: mine\n")
    assert AttrDict.from_yaml(main).as_dict() == {
        "run": {"solver": "cbc"},
        "model": {"name": "mine"},
    }
    assert AttrDict.from_yaml(main, resolve_imports=False)["import"] == ["more.yaml"]
    with main.open() as stream:
        assert AttrDict.from_yaml(stream).run.solver == "cbc"
    main.write_text("part:\n  import: [more.yaml]\n  own: 1\n")
    assert AttrDict.from_yaml(main, resolve_imports="part").part.run.solver == "cbc"


def test_faults_in_yaml_name_file_and_line(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("a: 1\nb: [1\n")
    with pytest.raises(InputError, match=r"broken\.yaml:"):
        AttrDict.from_yaml(path)
    with pytest.raises(InputError, match="cannot be read"):
        AttrDict.from_yaml(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="twice"):
        AttrDict.from_yaml_string("a: 1\na: 2\n")
    with pytest.raises(InputError, match="tag"):
        AttrDict.from_yaml_string("a: !!python/object:os.system x\n")
    assert AttrDict.from_yaml_string("") == {}


def test_yaml_of_numbers_from_numpy(tmp_path):
    path = tmp_path / "out.yaml"
    AttrDict({"n": np.float64(0.5), "k": np.arange(2), "p": tmp_path}).to_yaml(path)
    assert AttrDict.from_yaml(path).as_dict() == {"n": 0.5, "k": [0, 1], "p": str(tmp_path)}
    with pytest.raises(InputError, match="object"):
        AttrDict({"o": object()}).to_yaml()


@given(NESTED)
@example({"line breaks": "\x85 \u2028 \u2029 \r"})
def test_yaml_round_trip(content):
    settings = AttrDict(content)
    text = settings.to_yaml()
    assert AttrDict.from_yaml_string(text, resolve_imports=False).as_dict() == settings.as_dict()


@given(SCALARS | st.lists(SCALARS, max_size=3))
def test_values_in_one_line(value):
    text = flow_yaml(value)
    assert "\n" not in text
    assert AttrDict.from_yaml_string(f"a: {text}  # comment").a == value


@given(NESTED)
def test_flat_round_trip(content):
    settings = AttrDict(content)
    assert AttrDict(settings.as_dict_flat()).as_dict() == settings.as_dict()


def test_what_is_no_dictionary_is_refused_as_a_wrong_value():
    for wrong in ("foo", [1], 3):
        with pytest.raises(ValueError, match="Must pass a dict to AttrDict"):
            AttrDict(wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="Must pass a dict"):
            AttrDict().init_from_dict(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["1 this is no mapping", "a: 1\n  - b\n  c: 2", "import: other.yaml", "a.b: 1\na: {b: 2}"],
)
def test_wrong_yaml_is_refused_on_reading(text: str):
    with pytest.raises(ValueError, match="<string>"):
        AttrDict.from_yaml_string(text)


def test_a_list_keeps_its_dictionaries():
    d = AttrDict.from_yaml_string("a: [{x: 1}, {y.z: 2}]")
    assert d.a[0].x == 1
    assert d.as_dict() == {"a": [{"x": 1}, {"y": {"z": 2}}]}
    assert type(d.as_dict()["a"][0]) is dict


def test_a_key_through_something_else_is_no_key():
    d = AttrDict({"a": 1})
    d["plain"] = {"x": 1}
    for key in ("a.b", "plain.x"):
        with pytest.raises(AttributeError, match="has no attribute 'get_key'"):
            d.get_key(key)
        with pytest.raises(KeyError):
            d.get_key(key)
        assert d.get_key(key, default=5) == 5
    assert d.as_dict_flat() == {"a": 1, "plain.x": 1}


def test_a_nested_import_of_a_text_may_lie_anywhere(tmp_path):
    file = tmp_path / "part.yaml"
    file.write_text("some: 1\nother: 2\n", encoding="utf-8")
    d = AttrDict.from_yaml_string(f"top: {{import: ['{file}']}}\nfoo: 1", resolve_imports="top")
    assert d.as_dict() == {"top": {"some": 1, "other": 2}, "foo": 1}
