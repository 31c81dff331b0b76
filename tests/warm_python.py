"""A Python whose imports are done: what tests start by the hundred then starts in milliseconds.

Half the time of a short job goes into imports, the same ones each time. :func:`warm_python` imports
them once, in a server, and returns the path of a program that stands in place of Python's own. The
program hands its arguments, folder, environment and streams to the server, which forks: the child
runs the script or module from its start, in a process group of its own, as Python would, and the
program ends with its exit code. An interrupt goes on to the child; when the program is killed, so
is its child, and all that it has started. Tests that kill a process and not its children, and
those of an installation, use Python itself.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

WORKFLOW = Path(__file__).resolve().parents[1] / "workflow"
ROOMS = ("anello.run.stages", "anello.run.preprocess", "anello.optimise.solve", "anello.coupling")
MODULES = (
    "snakemake.api", "snakemake.benchmark", "snakemake.cli", "snakemake.dag",
    "snakemake.executors.local", "snakemake.profiles", "snakemake.report.html_reporter",
    "snakemake.script", "snakemake.storage", "snakemake.workflow", "snakemake_logger_plugin_anello",
    "anello.cli", "anello.district.from_map", "anello.district.model_folder",
    "anello.model.definition", "anello.model.quality",
    "anello.optimise.formulation", "anello.optimise.results.collection", "anello.present.iamc",
    "anello.present.plotting", "anello.present.report.html", "anello.present.workbook",
    "anello.ring.loop", "anello.ring.mixed", "anello.run.plan", "anello.run.studies",
    "anello.run.sweep", "anello.run.workspace", "argparse_dataclass", "fontTools.subset", "highspy",
    "matplotlib.backends.backend_pdf", "matplotlib.backends.backend_svg", "matplotlib.pyplot",
    "nbformat.v4", "netCDF4", "pyomo.environ", "scipy.sparse.linalg", "smart_open",
    "xarray.computation.nanops", "xlsxwriter",
)  # fmt: skip
TABLES = (
    ("anello.district.from_map.catalogue", "use_table"), ("anello.district.uses", "building_uses"),
    ("anello.ring.pipe_families", "families"), ("snakemake.cli", "get_argument_parser"),
)  # fmt: skip
CLIENT = """\
#!{python} -IS
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    signal.signal(signal.SIGINT, lambda *_: server.send(b"i"))
    told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(told).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(told)
    code = server.recv(1)
os._exit(code[0] if code else 137)
"""


@functools.cache
def warm_python(workflow: Path = WORKFLOW) -> str:
    """Return the path of a program to be used like Python's, for as long as this process runs.

    Parameters
    ----------
    workflow : Path
        The folder with the package that is imported.
    """
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    address = str(folder / "server")
    program = folder / "python"
    program.write_text(CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    environment = {**os.environ, "PYTHONPATH": str(workflow), "MPLBACKEND": "agg"}
    server = subprocess.Popen(
        [sys.executable, __file__, address, str(program)],
        env=environment,
        stdin=subprocess.PIPE,  # its end is the server's, whatever ends this process
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )

    def end() -> None:
        server.communicate()

    atexit.register(end)
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n", "the server of warm processes did not start"
    return str(program)


def serve(address: str, program: str) -> None:
    """Import, then fork a child for each call; returns in the child, to which everything is set."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.iter_modules(package.__path__, f"{room}."):
            importlib.import_module(module.name)
    for name in MODULES:
        importlib.import_module(name)
    for name, table in TABLES:
        getattr(importlib.import_module(name), table)()  # read once and kept
    provenance = importlib.import_module("anello.run.provenance")
    for script in (WORKFLOW.parent / "scripts").glob("*.py"):
        provenance.code_digest(script)  # every start of the workflow asks for it, and gets the same
    os.fsync = lambda _: None  # as in the tests' own process
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen(64)
        print("ready", flush=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        while True:
            ready, _, _ = select.select([door, 0], [], [])
            while _ended():
                pass
            if 0 in ready:
                shutil.rmtree(Path(address).parent)
                os._exit(0)
            caller, _ = door.accept()
            if os.fork() == 0:
                break
            caller.close()
    _become(caller, program)


def _ended() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] > 0
    except ChildProcessError:
        return False


def _become(caller: socket.socket, program: str) -> None:
    """Fork once more, report the child's end, and be the caller's process in the child."""
    size, streams, _, _ = socket.recv_fds(caller, 8, 3)
    told = b""
    while len(told) < int.from_bytes(size, "big"):
        told += caller.recv(1 << 20)
    child = os.fork()
    os.setpgid(child, child or 0)
    if child:
        for stream in streams:
            os.close(stream)
        threading.Thread(target=_end_with, args=(caller, child), daemon=True).start()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        _over.set()
        caller.send(bytes([code if code >= 0 else 128 - code]))
        os._exit(0)
    caller.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    arguments, folder, environment = json.loads(told)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.executable = program
    sys.argv = arguments
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]


_over = threading.Event()


def _end_with(caller: socket.socket, child: int) -> None:
    """Pass interrupts on to a child; kill it and its group once nobody waits for it any more."""
    while caller.recv(1) and not _over.is_set():
        os.kill(child, signal.SIGINT)
    if not _over.is_set():
        os.killpg(child, signal.SIGKILL)


def run() -> None:
    """Run a script, or with ``-m`` a module, as Python's own program does; then end at once.

    What Python takes apart at its end is shared with the server: each piece would be copied.
    """
    try:
        _run()
        code = 0
    except SystemExit as told:
        if not isinstance(told.code, int | None):
            raise
        code = told.code or 0
    threading._shutdown()  # so does a process of `multiprocessing` end
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run() -> None:
    first, *rest = sys.argv
    if first == "-m":
        sys.argv = rest
        sys.path.insert(0, os.getcwd())
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(first)))
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).resolve().parent))
    serve(*sys.argv[1:])
    run()
