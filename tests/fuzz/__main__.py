"""The fuzzing campaign: `make fuzz`, or `python -m fuzz` with `tests` on the path.

Each target is fuzzed twice, in a process of its own: by hypothesis, and by Atheris, which chooses
inputs by the code they reach. A traceback, an input that takes too long, too much memory, a file
opened outside the model's folder or a program started ends the campaign with the input at fault.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

LIMIT_S = 30
LIMIT_MB = 3000
# Readers of a small text take a fraction of the time of those of a whole model.
SHARE = {"yaml_text": 8, "model_file": 4, "artefact": 4, "quality": 2, "run_settings": 2}
PAGE = Path("docs/reference/faults.md")
BEGIN, END = "<!-- fuzz: begin -->", "<!-- fuzz: end -->"
ENGINES = ("hypothesis", "guided")


def main() -> None:
    """Run the campaign, or one part of it."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=500, help="of the dearest target, per engine")
    parser.add_argument("--write", action="store_true", help=f"write the table in {PAGE}")
    parser.add_argument("--part", nargs=2, metavar=("ENGINE", "TARGET"), help="one part only")
    told = parser.parse_args()
    if told.part:
        {"hypothesis": by_hypothesis, "guided": by_coverage}[told.part[0]](
            told.part[1], told.inputs
        )
        return
    from fuzz.readers import TARGETS

    found = {}
    for target in TARGETS:
        for engine in ENGINES:
            found[target, engine] = part(engine, target, told.inputs * SHARE.get(target, 1))
            print(f"{target}, {engine}: {found[target, engine]}", flush=True)
    faults = [key for key, result in found.items() if "fault" in result]
    if told.write and not faults:
        write_table(found)
    total = sum(int(result["inputs"]) for result in found.values() if "inputs" in result)
    print(f"{total:,} inputs; {len(faults)} parts ended at a fault")
    sys.exit(bool(faults))


def part(engine: str, target: str, inputs: int) -> dict[str, str | float]:
    """Fuzz one target with one engine in a process of its own."""
    command = [sys.executable, "-m", "fuzz", "--inputs", str(inputs), "--part", engine, target]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"inputs"')]
    if done.returncode != 0 or not lines:
        log = Path(f"fuzz-{target}-{engine}.log")
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        return {"fault": str(log)}
    return {**json.loads(lines[-1]), "seconds": round(time.monotonic() - start)}


def tell() -> None:
    """Print what was read, in one line."""
    from fuzz.readers import counted, slowest

    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    name = next(iter(counted))
    print(
        json.dumps(
            {
                "inputs": counted[name],
                "name": name,
                "slowest_s": round(slowest[name], 2),
                "peak_mb": round(peak_mb),
            }
        ),
        flush=True,
    )


def by_hypothesis(target: str, inputs: int) -> None:
    """Have hypothesis draw inputs."""
    from hypothesis import HealthCheck, Phase, settings

    from fuzz import readers

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    read_or_refused = readers.read_or_refused

    def limited(*arguments: object) -> None:
        signal.alarm(LIMIT_S)
        read_or_refused(*arguments)  # type: ignore[arg-type]
        signal.alarm(0)

    readers.read_or_refused = limited
    chosen = settings(
        max_examples=inputs,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    chosen(readers.TARGETS[target])()
    tell()


def by_coverage(target: str, inputs: int) -> None:
    """Have Atheris choose inputs by the code they reach."""
    import atheris

    with atheris.instrument_imports(include=["anello"]):
        readers = importlib.import_module("fuzz.readers")
    one = readers.TARGETS[target].hypothesis.fuzz_one_input

    def run(data: bytes) -> None:
        one(data)
        if sum(readers.counted.values()) >= inputs:
            tell()
            os._exit(0)

    limits = [f"-timeout={LIMIT_S}", f"-rss_limit_mb={LIMIT_MB}", "-max_len=4096", "-len_control=0"]
    atheris.Setup([sys.argv[0], f"-runs={inputs * 50}", *limits], run)
    atheris.Fuzz()


def write_table(found: dict[tuple[str, str], dict[str, str | float]]) -> None:
    """Put the campaign's table into the docs."""
    lines = [
        "| what was fuzzed | by hypothesis | by coverage | slowest input | peak memory |",
        "| --- | --- | --- | --- | --- |",
    ]
    total = 0
    for target in dict.fromkeys(target for target, _ in found):
        drawn, chosen = (found[target, engine] for engine in ENGINES)
        total += int(drawn["inputs"]) + int(chosen["inputs"])
        lines.append(
            f"| {drawn['name']} | {drawn['inputs']:,} | {chosen['inputs']:,}"
            f" | {max(float(drawn['slowest_s']), float(chosen['slowest_s'])):.2f} s"
            f" | {max(float(drawn['peak_mb']), float(chosen['peak_mb'])):.0f} MB |"
        )
    lines += ["", f"{total:,} inputs in all."]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = "\n".join(lines)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
