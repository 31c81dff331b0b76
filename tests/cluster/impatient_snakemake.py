"""Snakemake whose executors for clusters ask after their jobs every second.

They wait some 20 s before they ask at all, and after each time without news 10 s longer: right for
jobs of hours, but jobs of a test are done by then.
"""

from __future__ import annotations

import asyncio
import sys

from snakemake.cli import main
from snakemake_executor_plugin_lsf import common_settings as lsf
from snakemake_executor_plugin_slurm import common_settings as slurm
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def _a_second(executor: RemoteExecutor) -> None:
    await asyncio.sleep(1.0)


if __name__ == "__main__":
    RemoteExecutor.sleep = _a_second
    for settings in (lsf, slurm):
        settings.init_seconds_before_status_checks = 1
    sys.exit(main())
