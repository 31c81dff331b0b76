"""Programs that stand in place of CBC, and misbehave."""

from __future__ import annotations

# A program that is called as CBC is; where its answer goes follows `-solu`.
FAKE = """#!{python}
import sys, time
if "-stop" in sys.argv or len(sys.argv) < 5:
    print("Welcome to the CBC MILP Solver\\nVersion: 2.10.5")
    sys.exit(0)
answer = sys.argv[sys.argv.index("-solu") + 1]
{body}
"""
BROKEN = {
    "crashes": "print('Segmentation fault'); sys.exit(139)",
    "says nothing": "sys.exit(0)",
    "writes bytes": "open(answer, 'wb').write(bytes(range(256)) * 9)",
    "writes text": "open(answer, 'w').write('Optimal - objective value 1e\\nx0 nan nan\\n')",
    "invents columns": (
        "open(answer, 'w').write('Optimal - objective value 1.0\\n'"
        " + ''.join(f'{k} y{k} {k} 0\\n' for k in range(9)))"
    ),
    "violates rows": (
        "open(answer, 'w').write('Optimal - objective value 1.0\\n'"
        " + ''.join(f'{k} x{k + 1} 1e3 0\\n' for k in range(9)))"
    ),
    "leaves all at zero": "open(answer, 'w').write('Optimal - objective value 0.0\\n')",
    "killed by a signal": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "runs out of memory": "raise MemoryError",
}
