"""The command ``anello``: make, check, run, plot and compare models from a terminal."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from anello import __version__
from anello.cli import district, doctor, generate, models, results
from anello.cli.options import Commands, Parser
from anello.cli.terminal import (
    DIFFERENT,
    EXIT_CODES,
    FAILED,
    INTERRUPTED,
    NOT_SOLVED,
    OK,
    USAGE,
    logging_shown,
    say,
    say_error,
)
from anello.errors import AnelloError, SolveError, did_you_mean

__all__ = ["DIFFERENT", "FAILED", "INTERRUPTED", "NOT_SOLVED", "OK", "USAGE", "main", "parser"]

_EPILOG = f"""\
start here:
  anello doctor                              what is installed, and which solvers work
  anello new my_model                        a small national model to play with
  anello check my_model                      read it strictly, list every problem
  anello run my_model --save_netcdf out.nc   solve it and keep the results
  anello plot out.nc out.html                look at them in a browser
  anello compare out.nc other.nc             what two results differ in

a district whose ring is simulated and coupled to the dispatch:
  anello district new my_district            a folder to change and to run
  anello district run my_district            from its series to the report
  anello district report my_district --open

`anello COMMAND --help` shows each command with examples.

{EXIT_CODES}"""


def parser() -> Parser:
    """Return the parser of the whole command line."""
    return _parsers()[0]


def _parsers() -> tuple[Parser, dict[str, Parser]]:
    """Return the parser of the whole command line, and that of each command."""
    root = Parser(
        prog="anello",
        description="Energy systems and low-temperature rings: make, check, run, plot, compare.",
        epilog=_EPILOG,
    )
    root.add_argument("--version", action="version", version=f"anello {__version__}")
    commands = Commands(root)
    models.add(commands)
    results.add(commands)
    generate.add(commands)
    district.add(commands)
    doctor.add(commands)
    completion = commands.add(
        "completion", _completion, "Print what makes a shell complete `anello`.", _COMPLETION
    )
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell you use")
    completion.set_defaults(debug=False, pdb=False, profile=False, profile_filename=None)
    return root, commands.parsers


_COMPLETION = """\
examples:
  source <(anello completion bash)                                      now, in this shell
  anello completion bash > ~/.local/share/bash-completion/completions/anello
  anello completion zsh > "${fpath[1]}/_anello"
  anello completion fish > ~/.config/fish/completions/anello.fish
"""


def _completion(told: argparse.Namespace) -> int:
    import shtab

    print(shtab.complete(parser(), told.shell))
    return OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; taken from the process by default.

    Returns
    -------
    int
        The exit code: 0 done, 1 input not usable, 3 not solved, 4 results differ, 130 interrupted.
    """
    root, commands = _parsers()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and not words[0].startswith("-"):
        words[0] = words[0].replace("_", "-")  # as Calliope's commands are spelt
        if words[0] not in commands:
            hint = did_you_mean(words[0], commands) or f"There are: {', '.join(commands)}"
            root.error(f"there is no command `{words[0]}`. {hint}")
    told, unknown = root.parse_known_args(words)
    if unknown:
        commands.get(told.command, root).refuse(unknown[0])
    if told.command is None:
        root.print_help()
        return OK
    with logging_shown(told):
        try:
            with _profiled(told):
                code = int(told.run(told))
            sys.stdout.flush()
            return code
        except SolveError as error:
            return _report(error, told, NOT_SOLVED)
        except BrokenPipeError:
            # Whoever read the output, `head` for one, has had enough; nothing is left to flush to.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return OK
        except (AnelloError, OSError) as error:
            return _report(error, told, FAILED)
        except KeyboardInterrupt:
            say("interrupted")
            return INTERRUPTED
        except Exception as error:
            if told.pdb:
                return _report(error, told, FAILED)
            raise


@contextmanager
def _profiled(told: argparse.Namespace) -> Iterator[None]:
    if not (told.profile or told.profile_filename):
        yield
        return
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        if told.profile_filename:
            profile.dump_stats(os.path.expanduser(told.profile_filename))
        else:
            stats = pstats.Stats(profile, stream=sys.stderr)
            stats.sort_stats("cumulative").print_stats(20)


def _report(error: Exception, told: argparse.Namespace, code: int) -> int:
    if told.debug or told.pdb:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, OSError) and error.strerror:
        name = f"{error.filename}: " if error.filename else ""
        say_error(f"{name}{error.strerror}")
    else:
        say_error(str(error))
    if told.pdb:
        import pdb  # noqa: T100 - asked for

        pdb.post_mortem(error.__traceback__)
    return code


if __name__ == "__main__":
    sys.exit(main())
