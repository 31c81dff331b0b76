"""A model folder's files, overrides and scenarios, composed into one configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anello.errors import InputError, Problem, did_you_mean
from anello.model.definition.earlier_names import read_earlier_names
from anello.model.definition.outside import OutsideError, refuse_outside, resolve_path
from anello.model.definition.shadowed import check_shadowed
from anello.model.schema.mark import Mark
from anello.model.schema.parameters import base_tech_groups, options
from anello.model.schema.report import Report
from anello.model.schema.tree import Tree, clash_error
from anello.model.schema.yaml_reader import parse_yaml, read_text


@dataclass
class Configuration:
    """A composed model configuration, before technologies and locations are worked out.

    Attributes
    ----------
    tree : Tree
        All of it, with defaults of `run` and `model` filled in.
    folder : Path
        Folder relative paths start from.
    root : Path
        Folder that paths may not leave.
    scenario : str or None
        The scenario as asked for.
    overrides : list of str
        The overrides it stood for, in the order in which they were applied.
    """

    tree: Tree
    folder: Path
    root: Path
    scenario: str | None = None
    overrides: list[str] = field(default_factory=list)


def locate_series(configuration: Configuration, name: str) -> Path:
    """Return the CSV file that a model's ``file=name`` means.

    Raises
    ------
    InputError
        If no folder is told, or the path may not be read.
    """
    told = configuration.tree.find("model.timeseries_data_path")
    if told is None:
        raise InputError(
            Problem("`model.timeseries_data_path` is missing, so files cannot be found")
        )
    folder = resolve_path(str(told), configuration.folder, configuration.root)
    if os.path.isabs(name):
        raise InputError(Problem("must be relative to `model.timeseries_data_path`", value=name))
    return resolve_path(name, folder, configuration.root)


def load_file(path: Path, root: Path, report: Report, chain: tuple[Path, ...] = ()) -> Tree:
    """Read a YAML file and all it imports.

    Parameters
    ----------
    path : Path
        The file.
    root : Path
        Folder that imports may not leave.
    report : Report
        Receives faults.
    chain : tuple of Path
        Files that led here, to notice a circle.

    Raises
    ------
    InputError
        If the file cannot be read as YAML, or imports itself.
    """
    resolved = path.resolve()
    if resolved in chain:
        circle = " -> ".join(str(p) for p in (*chain[chain.index(resolved) :], resolved))
        raise InputError(Problem(f"files import each other in a circle: {circle}", file=str(path)))
    tree = parse_yaml(read_text(path), str(path), report)
    return with_imports(tree, path.parent, root, report, (*chain, resolved))


def with_imports(
    tree: Tree, folder: Path, root: Path, report: Report, chain: tuple[Path, ...] = ()
) -> Tree:
    """Return a tree with the files of its ``import`` list below it; its own values win.

    Two imported files that set the same key are an error, since neither has precedence.
    """
    if "import" not in tree:
        return tree
    mark = tree.mark("import")
    names = tree["import"]
    own = tree.copy()
    del own["import"]
    if not isinstance(names, list):
        report.error(
            "must be a list of paths", key="import", mark=mark, value=names, suggestion="Use [...]"
        )
        return own

    def clash(path: str, first: Mark | None, second: Mark | None) -> bool:
        if own.find(path, clash) is clash:
            before = f"{first.file}:{first.line}" if first else "another imported file"
            report.error(f"given by two imported files; first in {before}", key=path, mark=second)
        return True

    merged = Tree()
    for name in names:
        if not isinstance(name, str):
            report.error("must be a list of paths", key="import", mark=mark, value=name)
            continue
        try:
            path = resolve_path(name, folder, root)
            imported = load_file(path, root, report, chain)
        except OutsideError as err:
            report.outside.append((err.path, name, "import", mark))
            continue
        except InputError as err:
            _keep(err, report, mark)
            continue
        merged.merge(imported, on_conflict=clash, report=report)
    merged.merge(own, report=report)
    return merged


def _keep(err: InputError, report: Report, mark: Mark | None) -> None:
    """Record an error's problems, and where they come from if they do not say."""
    for p in err.problems:
        where = mark if p.file is None else Mark(p.file, p.line)
        report.error(p.message, key=p.key, mark=where, value=p.value, suggestion=p.suggestion)


def compose(
    source: str | os.PathLike[str] | Mapping[str, Any],
    scenario: str | None,
    override_dict: str | Mapping[str, Any] | None,
    root: str | os.PathLike[str] | None,
    report: Report,
) -> Configuration:
    """Read a model and apply its overrides.

    Parameters
    ----------
    source : path or mapping
        The main YAML file, or the configuration itself, whose paths are relative to the working
        folder.
    scenario : str, optional
        Name of a scenario, of an override, or a comma-separated list of overrides.
    override_dict : str or mapping, optional
        More settings, as YAML text or a mapping; applied before and after the scenario.
    root : path, optional
        Folder that paths may not leave; the model's folder by default.
    report : Report
        Receives faults.

    Raises
    ------
    InputError
        If the files cannot be read, or the scenario is not defined.
    """
    if isinstance(source, Mapping):
        folder = Path.cwd()
        limit = Path(root) if root is not None else folder
        tree = Tree.from_mapping(source, "<configuration>", report)
        tree = with_imports(tree, folder, limit, report)
    else:
        path = Path(source)
        if path.is_dir():
            path = path / "model.yaml"
        folder = path.parent
        limit = Path(root) if root is not None else folder
        tree = load_file(path, limit, report)

    _tidy_links(tree, report)
    read_earlier_names(tree, report)
    extra = _override_tree(override_dict, folder, limit, report)
    whole = _defaults()
    whole.merge(_sections(tree, report), report=report)
    if extra is not None:
        _drop_other_coordinates(whole, extra, report)
        whole.merge(extra, replace=True, report=report)
    refuse_outside(whole, folder, limit, report)
    names: list[str] = []
    chosen = Tree()
    if scenario:
        names = expand_scenario(whole, scenario, report)
        chosen = _combine(whole, names, folder, limit, report)
        _drop_other_coordinates(whole, chosen, report)
        whole.merge(chosen, replace=True, report=report)
    if extra is not None:
        whole.merge(extra, replace=True, report=report)
        check_shadowed(whole, extra, [extra], report, "this override")
    check_shadowed(whole, chosen, [chosen, extra or Tree()], report, "what the scenario overrides")
    refuse_outside(whole, folder, limit, report)
    return Configuration(whole, folder, limit, scenario, names)


def _defaults() -> Tree:
    table = options()
    tree = Tree()
    tree["run"] = table["run"].unmarked()
    tree["model"] = table["model"].unmarked()
    tree["tech_groups"] = base_tech_groups().unmarked()
    return tree


def _sections(tree: Tree, report: Report) -> Tree:
    """Check that every section is a mapping; an empty one is left out."""
    for key in [k for k, v in tree.items() if not isinstance(v, Tree) and k in _SECTIONS]:
        value = tree.pop(key)
        if value is not None:
            report.error(
                "must be a mapping of keys to values", key=key, mark=tree.mark(key), value=value
            )
    return tree


_SECTIONS = frozenset(options()["top_level"])


def _override_tree(
    override_dict: str | Mapping[str, Any] | None, folder: Path, root: Path, report: Report
) -> Tree | None:
    if not override_dict:
        return None
    if isinstance(override_dict, str):
        tree = parse_yaml(override_dict, "<override_dict>", report)
    else:
        tree = Tree.from_mapping(override_dict, "<override_dict>", report)
    tree = with_imports(tree, folder, root, report)
    _tidy_links(tree, report)
    read_earlier_names(tree, report)
    return tree


def _tidy_links(tree: Tree, report: Report) -> None:
    """Write the keys of links without spaces, so that an override finds the link it means."""
    links = tree.get("links")
    if not isinstance(links, Tree):
        return
    for key in list(links):
        tidy = ",".join(part.strip() for part in key.split(","))
        if tidy == key:
            continue
        mark, link = links.mark(key), Tree()
        link.put(tidy, links.pop(key), mark)
        handler = clash_error(report, "given by two entries for one link", "links.")
        links.merge(link, on_conflict=handler, report=report)


def _where(mark: Mark | None) -> dict[str, Any]:
    return {"file": mark.file, "line": mark.line} if mark else {}


def expand_scenario(tree: Tree, scenario: str, report: Report) -> list[str]:
    """Return the overrides a scenario stands for, each once, in the order in which they are named.

    Parameters
    ----------
    tree : Tree
        The configuration with its ``scenarios`` and ``overrides``.
    scenario : str
        Name of a scenario, of an override, or several with commas between them.
    report : Report
        Receives a fault when a scenario and an override share a name.

    Raises
    ------
    InputError
        If a name is not defined, or scenarios contain each other.
    """
    scenarios, overrides = tree.section("scenarios"), tree.section("overrides")
    for name in sorted(scenarios.keys() & overrides.keys()):
        report.harmless(
            "a scenario and an override share this name; the scenario is used",
            key=f"scenarios.{name}",
            mark=scenarios.mark(name),
            suggestion="Rename one of them",
        )
    found: list[str] = []

    def visit(name: str, chain: tuple[str, ...], mark: Mark | None) -> None:
        if name in chain:
            circle = " -> ".join((*chain, name))
            raise InputError(Problem(f"scenarios contain each other: {circle}", **_where(mark)))
        if name in scenarios:
            content = scenarios[name]
            members = content if isinstance(content, list) else [content]
            if isinstance(content, str) and "," in content:
                report.warn(
                    "text is read as a list, which scenarios are since Calliope 0.6.4",
                    key=f"scenarios.{name}",
                    mark=scenarios.mark(name),
                    suggestion=f"Write `[{', '.join(_names(content, scenarios))}]`",
                )
            for member in members:
                if not isinstance(member, str):
                    raise InputError(
                        Problem(
                            "a scenario must be a list of overrides or scenarios",
                            **_where(scenarios.mark(name)),
                            key=f"scenarios.{name}",
                            value=member,
                        )
                    )
                for part in _names(member, scenarios):
                    visit(part, (*chain, name), scenarios.mark(name))
        elif name in overrides:
            if name not in found:
                found.append(name)
        else:
            known = [*scenarios, *overrides]
            listing = ", ".join(f"`{k}`" for k in known) or "none"
            raise InputError(
                Problem(
                    f"neither a scenario nor an override is called `{name}`",
                    **_where(mark),
                    suggestion=did_you_mean(name, known) or f"Defined are: {listing}",
                )
            )

    for part in _names(scenario, scenarios):
        visit(part, (), None)
    return found


def _names(text: str, scenarios: Tree) -> list[str]:
    """Split a comma-separated list, unless it is itself a scenario's name."""
    return [text] if text in scenarios else [p.strip() for p in text.split(",") if p.strip()]


def _combine(tree: Tree, names: list[str], folder: Path, root: Path, report: Report) -> Tree:
    """Merge overrides; no two of them may set the same key."""
    combined = Tree()
    for name in names:
        override = tree["overrides"][name]
        if override is None:
            continue
        mark = tree["overrides"].mark(name)
        if not isinstance(override, Tree):
            report.error(
                "an override must be a mapping", key=f"overrides.{name}", mark=mark, value=override
            )
            continue
        origin = override.mark("import")
        start = Path(origin.file).parent if origin and os.path.exists(origin.file) else folder
        content = with_imports(override, start, root, report)
        _tidy_links(content, report)
        read_earlier_names(content, report)
        handler = clash_error(
            report, f"override `{name}` sets a key that another override of the scenario sets"
        )
        combined.merge(content, on_conflict=handler, report=report)
    return combined


def _coordinate_systems(tree: Tree) -> set[str]:
    return {
        key
        for location in tree.section("locations").values()
        if isinstance(location, Tree)
        for key in location.section("coordinates")
    }


def _drop_other_coordinates(tree: Tree, override: Tree, report: Report) -> None:
    """Forget all coordinates when an override brings those of another system."""
    old, new = _coordinate_systems(tree), _coordinate_systems(override)
    if not old or not new or old >= new:
        return
    for location in tree.section("locations").values():
        if isinstance(location, Tree):
            location.pop("coordinates", None)
    report.warn(
        f"coordinates change from {sorted(old)} to {sorted(new)}: all old coordinates are dropped",
        key="locations",
    )
