"""The parser of the command line, and options that several commands have."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from anello.cli.terminal import USAGE
from anello.errors import did_you_mean

# What a completed argument is: shtab turns these into the shell's own completion.
FILE = {
    "bash": "_shtab_compgen_files",
    "zsh": "_files",
    "fish": "(__fish_complete_path (commandline -ct))",
}
FOLDER = {
    "bash": "_shtab_compgen_dirs",
    "zsh": "_files -/",
    "fish": "(__fish_complete_directories)",
}

Handler = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """A parser that answers a wrong command line with a hint instead of a list of all options."""

    def __init__(self, **told: Any) -> None:
        super().__init__(
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(
                prog, max_help_position=26, width=96
            ),
            allow_abbrev=False,
            **told,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and where help is."""
        self.exit(USAGE, f"{self.prog}: {message}\nTry `{self.prog} --help`.\n")

    def refuse(self, word: str) -> NoReturn:
        """Say that an option is not known, and which one was perhaps meant."""
        options = [name for action in self._actions for name in action.option_strings]
        what = "there is no option" if word.startswith("-") else "what is to be done with"
        hint = did_you_mean(word.partition("=")[0], options) if word.startswith("-") else None
        self.error(f"{what} `{word}`{f'. {hint}' if hint else '?'}")


class Commands:
    """The commands of the program.

    Parameters
    ----------
    parser : Parser
        The program's.
    dest : str
        Where the command's name is kept.
    """

    def __init__(self, parser: Parser, dest: str = "command") -> None:
        self.parsers: dict[str, Parser] = {}
        self._added = parser.add_subparsers(
            dest=dest, metavar="COMMAND", parser_class=Parser, title="commands"
        )

    def below(self, parser: Parser) -> Commands:
        """Return the commands that follow the name of a command."""
        return Commands(parser, "subcommand")

    def add(self, name: str, run: Handler, summary: str, epilog: str) -> Parser:
        """Add a command."""
        parser: Parser = self._added.add_parser(
            name, help=summary, description=summary, epilog=epilog
        )
        parser.set_defaults(run=run)
        self.parsers[name] = parser
        return parser


def flag(parser: Any, name: str, complete: Any = None, **told: Any) -> None:
    """Add an option under its name with underscores, and with hyphens, which no help shows."""
    told = {"dest": name, **told}
    action = parser.add_argument(f"--{name}", **told)
    if complete is not None:
        action.complete = complete
    if "_" in name:
        hidden = {**told, "help": argparse.SUPPRESS, "default": argparse.SUPPRESS}
        parser.add_argument(f"--{name.replace('_', '-')}", **hidden)


def argument(parser: Any, name: str, complete: Any = None, **told: Any) -> None:
    """Add an argument that has no name on the command line."""
    action = parser.add_argument(name, **told)
    if complete is not None:
        action.complete = complete


def add_diagnosis(parser: Parser) -> None:
    """Add what helps to find out why a command fails, or is slow."""
    group = parser.add_argument_group("when something is wrong")
    group.add_argument("--quiet", action="store_true", help="say nothing but errors")
    group.add_argument(
        "--debug", action="store_true", help="show all that is logged, and tracebacks"
    )
    group.add_argument(
        "--pdb", action="store_true", help="open Python's debugger where an error arises"
    )
    group.add_argument(
        "--profile", action="store_true", help="tell at the end which functions took the time"
    )
    flag(
        group,
        "profile_filename",
        FILE,
        metavar="FILE",
        help="write the profile for pstats or snakeviz instead",
    )


def add_model(parser: Parser, what: str = "model folder or its main YAML file") -> None:
    """Add the model that a command is about."""
    argument(parser, "model", FILE, metavar="MODEL", help=what)


def add_time_module(parser: Parser) -> None:
    """Add the option that lets a model use functions of the user's own."""
    flag(
        parser,
        "time_module",
        metavar="MODULE",
        action="append",
        default=[],
        help="Python module whose functions `model.time` may use; may be given several times",
    )


def add_root(parser: Parser) -> None:
    """Add the folder that a model may not leave."""
    flag(
        parser,
        "root",
        FOLDER,
        metavar="FOLDER",
        help="folder that the model's paths may not leave; its own by default",
    )


def add_override(parser: Any) -> None:
    """Add settings in YAML."""
    flag(parser, "override_dict", metavar="YAML", help="settings that win over all others")


def share(text: str) -> float:
    """Return a number that is not negative.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is.
    """
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value
