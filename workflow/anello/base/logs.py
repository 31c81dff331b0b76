"""What anello says while it works, for notebooks and scripts."""

from __future__ import annotations

import logging

SOLVER = "anello.solver"
"""Logger of the solvers' own words."""


def set_log_verbosity(
    verbosity: str | int = "INFO",
    include_solver_output: bool = True,
    capture_warnings: bool = False,
) -> None:
    """Print what anello does, with the time, from a level on.

    Parameters
    ----------
    verbosity : str or int
        ``"CRITICAL"``, ``"ERROR"``, ``"WARNING"``, ``"INFO"`` or ``"DEBUG"``, in any case.
    include_solver_output : bool
        Whether the solvers' logs are printed when they are done.
    capture_warnings : bool
        Whether Python's warnings are printed in the same way.

    Raises
    ------
    ValueError
        For an unknown level.
    """
    level = verbosity.upper() if isinstance(verbosity, str) else verbosity
    logger = logging.getLogger("anello")
    logger.setLevel(level)
    logging.getLogger(SOLVER).setLevel(logging.DEBUG if include_solver_output else "CRITICAL")
    logging.captureWarnings(capture_warnings)
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        form = "[%(asctime)s] %(levelname)-8s %(message)s"
        handler.setFormatter(logging.Formatter(form, "%Y-%m-%d %H:%M:%S"))
        logger.addHandler(handler)
