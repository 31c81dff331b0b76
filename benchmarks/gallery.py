"""Make the pictures of docs/how-to/gallery.md, and the report's of docs/how-to/report.md.

    python benchmarks/gallery.py [--keep FOLDER]

Carries out the commands of the page in a temporary folder (or in FOLDER, where finished runs are
found again), and puts the pictures, each below 100 kB, into docs/assets. Needs Chromium for the
pictures of the report.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "how-to" / "gallery.md"
ASSETS = ROOT / "docs" / "assets"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LIMIT_BYTES = 100_000
WIDTH_PX = 1100
REPORT = "town/results/embedded-district-2015-05-04-to-2015-05-10/report.html"
MAP = "quarter/map.svg"
SHOWN = {"decide": 1300, "dispatch": 1100, "network": 1000}
"""Sections of the report and how high the window is for each [px]."""
HIDDEN = "main>section:not(#{0}),#more,header,footer,.bar-top"
ONLY = f"<style>{HIDDEN}{{{{display:none!important}}}}</style></head>"


def carry_out(folder: Path) -> None:
    """Do what the page says, block by block; the Python blocks share one namespace."""
    names: dict[str, object] = {}
    for kind, title, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if title:
            (folder / title).write_text(text, encoding="utf-8")
        elif kind == "sh":
            done = folder / (REPORT if "town" in text else MAP)
            if not done.is_file() or " report " in text:
                subprocess.run(["bash", "-e", "-c", text], cwd=folder, check=True)
        elif kind == "python":
            exec(text, names)


def photograph(report: Path, section: str, target: Path) -> None:
    """Let a browser without a window show one section of the report."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit("Chromium is needed for the pictures of the report")
    page = report.with_name(f"only-{section}.html")
    text = report.read_text(encoding="utf-8").replace("</head>", ONLY.format(section), 1)
    page.write_text(text, encoding="utf-8")
    subprocess.run(
        [
            browser,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--virtual-time-budget=4000",
            f"--window-size={WIDTH_PX},{SHOWN[section]}",
            f"--screenshot={target}",
            f"file://{page}#scenario=smart",
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    page.unlink()


def trimmed(path: Path) -> Image.Image:
    """Return a picture without the empty paper below and beside it."""
    picture = Image.open(path).convert("RGB")
    paper = Image.new("RGB", picture.size, picture.getpixel((picture.width - 1, 0)))
    box = ImageChops.difference(picture, paper).getbbox()
    if box is None:
        raise SystemExit(f"{path} is empty")
    return picture.crop((0, 0, min(box[2] + 12, picture.width), min(box[3] + 12, picture.height)))


def save_small(picture: Image.Image, target: Path) -> None:
    """Save a PNG below the limit: fewer colours first, then fewer pixels."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for colours, share in ((128, 1.0), (48, 1.0), (48, 0.8), (32, 0.65)):
        size = (int(picture.width * share), int(picture.height * share))
        small = picture if share == 1.0 else picture.resize(size, Image.Resampling.LANCZOS)
        small.quantize(colours).save(target, optimize=True)
        if target.stat().st_size < LIMIT_BYTES:
            return
    raise SystemExit(f"{target} stays above {LIMIT_BYTES} bytes")


def stacked(upper: Image.Image, lower: Image.Image) -> Image.Image:
    """Return one picture below the other."""
    both = Image.new("RGB", (max(upper.width, lower.width), upper.height + lower.height), "white")
    both.paste(upper, (0, 0))
    both.paste(lower, (0, upper.height))
    return both


def main() -> None:
    """Carry out the page, and keep its pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="folder to work in, and to leave as it is")
    told = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "workflow"), *sys.path])
    sys.path.insert(0, str(ROOT / "workflow"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = (told.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)
        carry_out(folder)
        drawn = folder / "gallery"
        for section in SHOWN:
            photograph(folder / REPORT, section, drawn / f"report_{section}.png")
        shutil.copyfile(folder / MAP, ASSETS / "quarter-map.svg")
        wanted = set(re.findall(r"gallery/(\w+)\.png\)", PAGE.read_text(encoding="utf-8")))
        for name in sorted(wanted):
            save_small(trimmed(drawn / f"{name}.png"), ASSETS / "gallery" / f"{name}.png")
        first, second = (trimmed(drawn / f"report_{s}.png") for s in ("decide", "network"))
        save_small(stacked(first, second), ASSETS / "report.png")


if __name__ == "__main__":
    main()
