"""Figures as files: their style, their size, and the formats they are written in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from anello.base.files import atomic_path
from anello.present.report.config import FiguresConfig

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MM_PER_INCH = 25.4
# Two thirds of the time that level 6 takes, for files a sixth larger.
_PNG: dict[str, Any] = {"compress_level": 3}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw with the house style, and leave the caller's settings as they were."""
    import seaborn as sns

    with mpl.rc_context():
        sns.set_theme(style="ticks", context="paper")
        mpl.rcParams.update(
            {
                "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
                "font.size": 7.5,
                "axes.labelsize": 7.5,
                "axes.titlesize": 8.5,
                "axes.titleweight": "bold",
                "axes.titlelocation": "left",
                "axes.linewidth": 0.6,
                "axes.grid": True,
                "axes.axisbelow": True,
                "grid.color": "#DDDDDD",
                "grid.linewidth": 0.4,
                "xtick.labelsize": 7,
                "ytick.labelsize": 7,
                "xtick.major.width": 0.6,
                "ytick.major.width": 0.6,
                "xtick.major.size": 3,
                "ytick.major.size": 3,
                "xtick.minor.size": 1.5,
                "xtick.minor.width": 0.4,
                "legend.fontsize": 7,
                "legend.title_fontsize": 7,
                "legend.frameon": False,
                "lines.linewidth": 1.0,
                "hatch.linewidth": 0.4,
                "patch.linewidth": 0.0,
                "patch.edgecolor": "none",
                "patch.force_edgecolor": False,
                "figure.constrained_layout.use": True,
                "savefig.bbox": None,
                "svg.hashsalt": "anello",
                "svg.fonttype": "path",
                "pdf.fonttype": 42,
                "timezone": "UTC",
            }
        )
        yield


def size_inch(config: FiguresConfig, height_mm: float) -> tuple[float, float]:
    """Return the size of a figure of the configured width [inch]."""
    return config.width_mm / MM_PER_INCH, height_mm / MM_PER_INCH


def save_figure(
    figure: Figure, stem: Path, formats: Sequence[str] = ("svg", "pdf", "png"), dpi: int = 300
) -> list[Path]:
    """Write a figure in several formats, without dates, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to write.
    stem : pathlib.Path
        The files' path without an ending.
    formats : sequence of str
        ``svg``, ``pdf``, ``png``.
    dpi : int
        Resolution of PNG files and of bitmaps within the others [1/inch].

    Returns
    -------
    list of pathlib.Path
        The files written. Equal figures give equal bytes with the same version of matplotlib.
    """
    import matplotlib.pyplot as plt

    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": "anello"},
        "pdf": {"CreationDate": None, "ModDate": None, "Creator": "anello", "Producer": None},
        "png": {"Software": "anello"},
    }
    written = []
    # Laid out once: with any engine left in place, matplotlib draws twice for each format.
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    plain: dict[Any, Any] = {"figure.constrained_layout.use": False, "figure.autolayout": False}
    fonts = {"svg.hashsalt": "anello", "svg.fonttype": "path", "pdf.fonttype": 42}
    with mpl.rc_context(plain | fonts):
        figure.set_layout_engine(None)
        for kind in formats:
            path = stem.with_name(f"{stem.name}.{kind}")
            more: dict[str, Any] = {"pil_kwargs": _PNG} if kind == "png" else {}
            with atomic_path(path) as temporary:
                figure.savefig(temporary, format=kind, dpi=dpi, metadata=metadata[kind], **more)
            written.append(path)
    plt.close(figure)
    return written
