"""Word of how far long work is, for whoever wants to show it.

Work that takes its time calls :func:`report`; nothing happens unless a listener was set, as the
command line does on a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

Listener = Callable[[str, int, int], None]
T = TypeVar("T")

_listeners: list[Listener] = []


def report(what: str, done: int, total: int) -> None:
    """Say that `done` of `total` parts of a piece of work are done.

    Parameters
    ----------
    what : str
        The work, in a few words: ``"windows"``.
    done, total : int
        Parts.
    """
    for listener in _listeners:
        listener(what, done, total)


def each(items: Sequence[T], what: str) -> Iterator[T]:
    """Yield items, and report how many of them have been dealt with."""
    for number, item in enumerate(items):
        report(what, number, len(items))
        yield item
    report(what, len(items), len(items))


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let `listener` hear what is reported within the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
