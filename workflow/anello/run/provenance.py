"""Which code a result depends on, as one checksum.

Snakemake notices when a rule's script changes, but not when a module that the script imports does.
The checksum made here covers a script, every module of this package that it reaches through
imports (those within functions too), and the data files that lie beside those modules. It is a
parameter of each rule: after a change, what depends on the changed code runs again, and nothing
else.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

from anello.base.files import PathLike, sha256

PACKAGE = Path(__file__).resolve().parents[1]
_DATA_SUFFIXES = (".yaml", ".yml", ".json", ".csv", ".html", ".css")
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


def code_digest(script: PathLike) -> str:
    """Return one SHA-256 over a script and all it reaches within the package.

    Parameters
    ----------
    script : path-like
        A Python file that imports from :mod:`anello`.

    Returns
    -------
    str
        64 hexadecimal digits; the same wherever the package and the script lie.
    """
    path = Path(script)
    digest = hashlib.sha256(f"{path.name} {sha256(path)}\n".encode())
    for file in code_files(path):
        digest.update(_entry(file))
    return digest.hexdigest()


@cache
def code_files(script: Path) -> tuple[Path, ...]:
    """Return the package's files that a script depends on, sorted; the script is not among them."""
    waiting = list(_imported(script, ""))
    modules: set[Path] = set()
    while waiting:
        module = waiting.pop()
        if module not in modules:
            modules.add(module)
            waiting.extend(_imported(module, _module_name(module)))
    folders = {module.parent for module in modules if module.parent != PACKAGE}
    data = {
        file for folder in folders for file in folder.iterdir() if file.suffix in _DATA_SUFFIXES
    }
    return tuple(sorted(modules | data))


@cache
def _entry(file: Path) -> bytes:
    return f"{file.relative_to(PACKAGE).as_posix()} {sha256(file)}\n".encode()


def _module_name(file: Path) -> str:
    parts = ["anello", *file.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts)


@cache
def _imported(file: Path, module: str) -> frozenset[Path]:
    """Return the package's files that one file's import statements name."""
    names: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(file.read_bytes())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and _names_type_checking(node.test):
            waiting.extend(node.orelse)  # what only a type checker reads does not change a result
            continue
        for block in _BLOCKS:  # an import is a statement, and those lie in blocks only
            waiting.extend(getattr(node, block, ()))
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = module.split(".")[: -node.level]
                base = ".".join([*above, base]).rstrip(".")
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return frozenset(path for name in names for path in _module_files(name))


def _names_type_checking(test: ast.expr) -> bool:
    """Return whether a condition asks if only a type checker reads."""
    names = (getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(test))
    return "TYPE_CHECKING" in names


@cache
def _module_files(name: str) -> list[Path]:
    """Return the file of a module and the `__init__.py` of each package on the way to it."""
    parts = name.split(".")
    if parts[0] != "anello":
        return []
    files = [PACKAGE / "__init__.py"]
    folder = PACKAGE
    for part in parts[1:]:
        if (folder / part / "__init__.py").is_file():
            folder = folder / part
            files.append(folder / "__init__.py")
        elif (folder / f"{part}.py").is_file():
            files.append(folder / f"{part}.py")
            break
        else:
            lazy = _lazy_names(folder / "__init__.py").get(part)
            files += _module_files(lazy) if lazy is not None else []
            break
    return files


@cache
def _lazy_names(package: Path) -> dict[str, str]:
    """Return the module of each name that a package imports on first use only.

    Such a package lists its names for type checkers, or in a table of name and module below it.
    """
    own = ".".join(["anello", *package.parent.relative_to(PACKAGE).parts])
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(package.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update({alias.asname or alias.name: node.module for alias in node.names})
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                    found.setdefault(str(key.value), ".".join([own, str(value.value)]))
    return {name: module for name, module in found.items() if _is_module(module)}


def _is_module(name: str) -> bool:
    first, *parts = name.split(".")
    path = PACKAGE.joinpath(*parts)
    is_file = path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
    return first == "anello" and is_file
