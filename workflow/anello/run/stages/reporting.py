"""How a step speaks: everything into its log file, to the user only what has to be done."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from anello.base.files import FilePath, PathLike
from anello.errors import AnelloError
from anello.run.seals import require_intact, seal

# A step ends soon: a fifth of its imports would go into looking for circles that nothing leaves.
OBJECTS_BETWEEN_SEARCHES = 50_000
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextmanager
def reporting(
    log: PathLike, step: str, reads: Iterable[FilePath] = (), writes: Iterable[FilePath] = ()
) -> Iterator[logging.Logger]:
    """Keep a log of a step, and turn a deliberate error into a short message and exit code 1.

    What the step reads is compared with its checksum first; what it has written gets one.

    Parameters
    ----------
    log : path-like
        The log file; an earlier one is replaced.
    step : str
        What the step is called in messages.
    reads, writes : iterable of path-like
        The step's files.

    Yields
    ------
    logging.Logger
        For what the step itself has to say.

    Raises
    ------
    SystemExit
        With code 1 after an `AnelloError`, or where a file cannot be read or written: the text went
        to the standard error output, the traceback to the log. Any other error is a fault of the
        program, logged and raised on.
    """
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORMAT))
    # A log that cannot be written, as on a full disk, must not stand before the reason.
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # noqa: ARG005
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    logger = logging.getLogger("anello")
    searches = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES)
    try:
        require_intact(reads)
        yield logger
        for written in writes:
            seal(written)
        logger.info("%s: done", step)
    except (AnelloError, OSError) as error:
        logger.exception("%s failed", step)
        print(f"\n{step} failed: {error}\nDetails: {path}\n", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception:
        logger.exception("%s stopped at an error in the program", step)
        raise
    finally:
        gc.set_threshold(*searches)
        logging.captureWarnings(False)
        root.removeHandler(handler)
        root.setLevel(level)
        with suppress(OSError):
            handler.close()


@contextmanager
def ended_after(seconds: float | None, step: str) -> Iterator[None]:
    """End this process if a block takes longer than it may.

    A solver in process that hangs in its own code hears no signal; ending the process is all that
    helps. It ends with code 1, and leaves no file, since files are renamed only when complete.

    Parameters
    ----------
    seconds : float or None
        Longest time [s]; None for no end.
    step : str
        What the step is called in the message.
    """
    if seconds is None:
        yield
        return

    def end() -> None:
        print(
            f"\n{step} failed: the solver went on beyond its time limit, and was ended after"
            f" {seconds:g} s\n",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)

    watch = threading.Timer(seconds, end)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
