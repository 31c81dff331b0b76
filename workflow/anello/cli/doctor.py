"""The command that says what this machine has, and what is missing."""

from __future__ import annotations

import argparse
from itertools import groupby

from anello import __version__
from anello.cli.options import Commands, add_diagnosis
from anello.cli.terminal import FAILED, OK

_DOCTOR = """\
examples:
  anello doctor          what is here, which solvers work, what is missing and how to get it

Exit code 0 if a district can be run, else 1.
"""


def add(commands: Commands) -> None:
    """Add the commands of this module."""
    doctor = commands.add(
        "doctor", _doctor, "Say what is installed, which solvers work, what is missing.", _DOCTOR
    )
    add_diagnosis(doctor)


def _doctor(told: argparse.Namespace) -> int:
    from anello.run.doctor import examine

    findings = examine()
    preventing = [finding for finding in findings if finding.prevents]
    if told.quiet:
        for finding in preventing:
            print(f"{finding.name}: {finding.said}; {finding.remedy}")
        return FAILED if preventing else OK
    print(f"anello {__version__}")
    width = max(len(finding.name) for finding in findings)
    for group, members in groupby(findings, lambda finding: finding.group):
        print(f"\n{group}")
        for finding in members:
            print(f"  {finding.state:<8} {finding.name:<{width}}  {finding.said}")
            if finding.remedy and finding.state != "ok":
                print(f"  {'':<8} {'':<{width}}  get it with: {finding.remedy}")
    print()
    if preventing:
        print(f"A district cannot be run: {', '.join(f.name for f in preventing)}")
        return FAILED
    print("A district can be run: anello district new my_district, anello district run my_district")
    return OK
