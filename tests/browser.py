"""Pages as a browser without a window shows them, with no network to reach."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
# What went wrong while the page was loaded: errors, warnings, and anything fetched or refused.
WATCH = """
<script>
const wrong = [];
addEventListener('error', e => wrong.push('error: ' + (e.message || e.target)), true);
addEventListener('unhandledrejection', e => wrong.push('rejected: ' + e.reason));
addEventListener('securitypolicyviolation', e => wrong.push('refused: ' + e.blockedURI));
for (const kind of ['error', 'warn']) {
  const say = console[kind].bind(console);
  console[kind] = (...a) => { wrong.push(kind + ': ' + a.join(' ')); say(...a); };
}
</script>
"""
# Begins a script: moves the ring's slider to hour 30, and reads the rows of its table.
WATER_OF_THE_HOUR = """
const $ = id => document.getElementById(id), slider = $("nethour");
slider.value = 30; slider.dispatchEvent(new Event("input"));
const rows = [...$("nettable").querySelectorAll("tbody tr")]
  .map(r => [...r.cells].map(c => c.textContent));
"""


def find_chromium() -> str:
    """Return the browser's path, or skip the test that asks."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on the PATH")
    return found


def run_in(chromium: str, page: Path, script: str, width: int = 1200, fragment: str = "") -> Any:
    """Load a page, run the body of an async function in it, and return what that returns.

    The script may use `wrong`, a list of what the browser complained of; every page must leave it
    empty, and fetch nothing.
    """
    probe = page.with_name(f"probe-{page.name}")
    ending = (
        "<script>document.title = ''; (async () => {"
        f"const found = await (async () => {{ {script} }})();"
        "const fetched = performance.getEntriesByType('resource')"
        ".map(e => e.name).filter(n => !/^(data|blob):/.test(n));"
        "if (wrong.length || fetched.length) throw Error([...wrong, ...fetched].join('; '));"
        "document.title = JSON.stringify(found ?? null);"
        "})().catch(e => document.title = 'error: ' + e.message);</script></body>"
    )
    body = page.read_text(encoding="utf-8").replace("<head>", f"<head>{WATCH}", 1)
    head, _, tail = body.rpartition("</body>")
    probe.write_text(head + ending + tail, encoding="utf-8")
    done = subprocess.run(
        [
            chromium,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--window-size={width},900",
            "--virtual-time-budget=4000",
            "--dump-dom",
            f"file://{probe}{fragment}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    title = html.unescape(re.search(r"<title>(.*?)</title>", done.stdout, re.S).group(1))
    assert title, "the script did not come to its end"
    assert not title.startswith("error"), title
    return json.loads(title)
