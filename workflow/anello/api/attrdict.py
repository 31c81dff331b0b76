"""`AttrDict`: nested settings whose keys are also attributes, read from and written to YAML."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml

from anello.base.files import write_text
from anello.errors import InputError, Problem

REPLACE = "_REPLACE_"
_MISSING: Any = object()


class NotADictError(InputError, ValueError):
    """What an `AttrDict` was to be made of is no dictionary, or no YAML that holds one."""


class NoSuchKeyError(KeyError, AttributeError):
    """A dotted key leads through something that is no `AttrDict`."""


class AttrDict(dict[str, Any]):
    """A dictionary with attribute access and dotted keys.

    ``AttrDict({"a": 1, "b.x": 2})`` holds the same as ``AttrDict({"a": 1, "b": {"x": 2}})``, and
    ``d.b.x``, ``d["b"]["x"]`` and ``d.get_key("b.x")`` are the same value.

    Parameters
    ----------
    source_dict : mapping, optional
        Copied, with all mappings in it; an empty dictionary by default.
    """

    def __init__(self, source_dict: Mapping[Any, Any] | None = None) -> None:
        super().__init__()
        if source_dict is not None:
            self.init_from_dict(source_dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no key {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"there is no key {name!r}") from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(k for k in self if k.isidentifier())})

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.as_dict(),)

    def copy(self) -> Self:
        """Return a copy that shares no mapping or list with this one."""
        return type(self)(self)

    def init_from_dict(self, d: Mapping[Any, Any]) -> None:
        """Add everything a dictionary holds; its mappings become `AttrDict`, dotted keys nested.

        Parameters
        ----------
        d : mapping
            What to copy.

        Raises
        ------
        NotADictError
            If it is none.
        """
        if not isinstance(d, Mapping):
            raise NotADictError(f"Must pass a dict to AttrDict, not a {type(d).__name__}: {d!r}")
        for key, value in d.items():
            self.set_key(str(key), _copied(value))

    @classmethod
    def from_yaml(
        cls, f: str | os.PathLike[str] | io.TextIOBase, resolve_imports: bool | str = True
    ) -> Self:
        """Read a YAML file.

        Parameters
        ----------
        f : path or open file
            What to read.
        resolve_imports : bool or str
            Whether a top-level ``import: [...]`` is followed, relative to the file; what the file
            itself says wins. A dotted key asks for the list below that key instead.

        Returns
        -------
        AttrDict

        Raises
        ------
        InputError
            With file and line, if a file is missing, or (a `NotADictError`) the text is not YAML.
        """
        if isinstance(f, io.TextIOBase):
            name = getattr(f, "name", None)
            folder = Path(name).parent if isinstance(name, str) else Path.cwd()
            return cls._parsed(f.read(), str(name or "<file>"), folder, resolve_imports)
        path = Path(f)
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as err:
            reason = err.strerror or type(err).__name__
            raise InputError(Problem(f"cannot be read: {reason}", file=str(path))) from err
        return cls._parsed(text, str(path), path.parent, resolve_imports)

    @classmethod
    def from_yaml_string(cls, string: str, resolve_imports: bool | str = True) -> Self:
        """Read YAML text; imports are relative to the working folder.

        Parameters
        ----------
        string : str
            The text. What it imports may lie anywhere, as the text is the caller's own.
        resolve_imports : bool or str
            As for :meth:`from_yaml`.

        Raises
        ------
        NotADictError
            If the text is not YAML, or an import cannot be read.
        """
        here = Path.cwd()
        return cls._parsed(string, "<string>", here, resolve_imports, Path(here.anchor))

    @classmethod
    def _parsed(
        cls,
        text: str,
        source: str,
        folder: Path,
        resolve_imports: bool | str,
        root: Path | None = None,
    ) -> Self:
        from anello.model.definition.composition import with_imports
        from anello.model.definition.outside import OutsideError, common_folder
        from anello.model.schema.report import Report
        from anello.model.schema.yaml_reader import parse_yaml

        if not text.strip():
            return cls()
        report = Report()
        root = folder if root is None else root
        try:
            tree = parse_yaml(text, source, report)
            if resolve_imports is True:
                tree = with_imports(tree, folder, root, report)
            elif resolve_imports:
                part = tree.section(resolve_imports)
                if part:
                    resolved = with_imports(part, folder, root, report)
                    part.clear()
                    part.merge(resolved, report=report)
            for path, name, _, _ in report.outside:
                raise OutsideError(name, path, common_folder([path], root))
            report.raise_errors("The YAML text cannot be used")
        except InputError as err:
            raise NotADictError(err.problems, summary=err.summary) from err
        return cls(tree)

    def set_key(self, key: str, value: Any) -> None:
        """Set a value at a dotted key; mappings on the way are made as needed.

        Raises
        ------
        KeyError
            If a part of the way is a plain value.
        """
        head, dot, rest = key.partition(".")
        value = AttrDict(value) if _is_foreign(value) else value
        if not dot:
            here = self.get(head)
            if isinstance(value, AttrDict) and isinstance(here, AttrDict) and here is not value:
                here.init_from_dict(value)
            else:
                self[head] = value
            return
        inner = self.get(head)
        if inner is None:
            inner = self[head] = AttrDict()
        if not isinstance(inner, AttrDict):
            raise KeyError(f"{head!r} is the plain value {inner!r}, so {key!r} cannot be set")
        inner.set_key(rest, value)

    def get_key(self, key: str, default: Any = _MISSING) -> Any:
        """Return the value at a dotted key.

        Parameters
        ----------
        key : str
            For example ``"run.solver"``.
        default : object, optional
            What to return if the key does not exist.

        Raises
        ------
        KeyError
            If it does not exist and there is no default.
        NoSuchKeyError
            The same, where it leads through a plain value or a dictionary that was put in as it is.
        """
        here: Any = self
        for part in key.split("."):
            if isinstance(here, AttrDict) and part in here:
                here = here[part]
            elif default is not _MISSING:
                return default
            elif isinstance(here, AttrDict):
                raise KeyError(key)
            else:
                kind = type(here).__name__
                raise NoSuchKeyError(f"{key!r}: {kind!r} object has no attribute 'get_key'")
        return here

    def del_key(self, key: str) -> None:
        """Delete the value at a dotted key.

        Raises
        ------
        KeyError
            If it does not exist.
        """
        path, dot, last = key.rpartition(".")
        inner = self.get_key(path, None) if dot else self
        if not isinstance(inner, dict) or last not in inner:
            raise KeyError(key)
        del inner[last]

    def as_dict(self, flat: bool = False) -> dict[str, Any]:
        """Return ordinary dictionaries.

        Parameters
        ----------
        flat : bool
            Whether to return one dictionary with dotted keys.
        """
        return self.as_dict_flat() if flat else {k: _plain(v) for k, v in self.items()}

    def as_dict_flat(self) -> dict[str, Any]:
        """Return one ordinary dictionary with dotted keys."""
        nested = AttrDict(self)  # so that dictionaries that were put in as they are open too
        return {key: _plain(nested.get_key(key)) for key in nested.keys_nested()}

    def keys_nested(self, subkeys_as: Literal["list", "dict"] = "list") -> list[Any]:
        """Return all keys, those of nested mappings included, sorted.

        Parameters
        ----------
        subkeys_as : {"list", "dict"}
            ``"list"``: ``["a", "b.b1", "b.b2"]``; ``"dict"``: ``["a", {"b": ["b1", "b2"]}]``.
        """
        if subkeys_as not in ("list", "dict"):
            raise ValueError(f"subkeys_as must be 'list' or 'dict', not {subkeys_as!r}")
        found: list[Any] = []
        for key, value in sorted(self.items(), key=lambda item: str(item[0])):
            if not isinstance(value, Mapping) or not value:
                found.append(key)
                continue
            inner = value if isinstance(value, AttrDict) else AttrDict(value)
            if subkeys_as == "dict":
                found.append({key: inner.keys_nested("dict")})
            else:
                found += [f"{key}.{sub}" for sub in inner.keys_nested()]
        return found

    def union(
        self,
        other: Mapping[str, Any],
        allow_override: bool = False,
        allow_replacement: bool = False,
        allow_subdict_override_with_none: bool = False,
    ) -> None:
        """Merge another dictionary into this one; its values win. Nothing changes on an error.

        Parameters
        ----------
        other : mapping
            What to merge.
        allow_override : bool
            Whether a key that exists may be given again.
        allow_replacement : bool
            Whether a key ``_REPLACE_`` empties the mapping it stands in first.
        allow_subdict_override_with_none : bool
            Whether a null erases a mapping; it is ignored otherwise.

        Raises
        ------
        KeyError
            If a key exists and `allow_override` is false.
        """
        theirs = AttrDict(other)
        if not allow_override:
            _refuse_clashes(self, theirs, allow_replacement, "")
        _merge(self, theirs, allow_replacement, allow_subdict_override_with_none)

    def to_yaml(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write a YAML file, or return the text if there is no path.

        Parameters
        ----------
        path : path-like, optional
            The file to make.
        """
        text = yaml.dump(
            self.as_dict(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
        )
        if path is None:
            return str(text)
        write_text(path, text)
        return None


def flow_yaml(value: Any) -> str:
    """Return a value as YAML in one line.

    Parameters
    ----------
    value : object
        Text, number, flag, null, or lists and mappings of these.
    """
    text = yaml.dump(
        [_plain(value)],
        Dumper=_Dumper,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=math.inf,
    )
    return str(text).strip()[1:-1]


def _is_foreign(value: Any) -> bool:
    return isinstance(value, Mapping) and not isinstance(value, AttrDict)


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return AttrDict(value)
    if isinstance(value, (list, tuple)):
        return [_copied(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _replaces(value: Any, allowed: bool) -> bool:
    return allowed and isinstance(value, AttrDict) and REPLACE in value


def _refuse_clashes(mine: AttrDict, theirs: AttrDict, replacement: bool, prefix: str) -> None:
    for key, value in theirs.items():
        if key not in mine or _replaces(value, replacement):
            continue
        here = mine[key]
        if isinstance(here, AttrDict):
            if isinstance(value, AttrDict):
                _refuse_clashes(here, value, replacement, f"{prefix}{key}.")
                continue
            if value is None:
                continue
        raise KeyError(f"{prefix}{key} is defined already (allow_override=True overrides it)")


def _merge(mine: AttrDict, theirs: AttrDict, replacement: bool, null_erases: bool) -> None:
    for key, value in theirs.items():
        here = mine.get(key)
        if _replaces(value, replacement):
            content = AttrDict({k: v for k, v in value.items() if k != REPLACE})
            wiped = value[REPLACE]
            plain = wiped is not None and not isinstance(wiped, AttrDict) and not content
            if isinstance(wiped, AttrDict):
                content.init_from_dict(wiped)
            mine[key] = wiped if plain else content
        elif isinstance(here, AttrDict) and isinstance(value, AttrDict):
            _merge(here, value, replacement, null_erases)
        elif isinstance(here, AttrDict) and value is None and not null_erases:
            continue
        else:
            mine[key] = value


class _Dumper(yaml.SafeDumper):
    """Writes what anello's YAML 1.2 reader reads back as the same value."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    from anello.model.schema.yaml_reader import parse_scalar

    # `1e6` and `0o7` are text to PyYAML and numbers to YAML 1.2.
    style = None if isinstance(parse_scalar(text), str) else "'"
    # Keeps a value in one line, and line breaks that YAML would fold: NEL and two of Unicode's.
    style = '"' if set(text) & set("\n\r\x85\u2028\u2029") else style
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_float(dumper: Any, number: float) -> Any:
    if math.isnan(number):
        text = ".nan"
    elif math.isinf(number):
        text = ".inf" if number > 0 else "-.inf"
    else:
        text = repr(number)
    return dumper.represent_scalar("tag:yaml.org,2002:float", text)


def _represent_other(dumper: Any, value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return dumper.represent_data(value.tolist())
    if isinstance(value, os.PathLike):
        return dumper.represent_data(os.fspath(value))
    raise InputError(f"a {type(value).__name__} cannot be written as YAML: {value!r}")


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(float, _represent_float)
_Dumper.add_representer(tuple, lambda dumper, value: dumper.represent_data(list(value)))
_Dumper.add_representer(None, _represent_other)  # type: ignore[arg-type]
