# The folder of results before, while and after a run: see `anello.run.workspace`.


def begin():
    """Keep other runs off these results, and remove those that are about to be computed anew."""
    try:
        WORKSPACE.take()
    except AnelloError as error:
        raise WorkflowError(str(error)) from None
    if not workflow.touch:
        WORKSPACE.withdraw_outdated(
            path for job in workflow.dag.needrun_jobs() for path in job.output
        )


def fail():
    """Write the table of a sweep's points after a run in which jobs failed."""
    if POINTS:
        said = gather_interrupted(
            PLAN.expected_points(FOLDER),
            netcdf=FOLDER / "sweep.nc",
            table=FOLDER / "sweep.csv",
        )
        print(said, file=sys.stderr)


onstart:
    begin()


onerror:
    fail()


if workflow.is_main_process:
    try:
        WORKSPACE.check(logger.warning)
        for note in unusual(
            SETTINGS, [*workflow.configfiles, *workflow.overwrite_configfiles]
        ):
            logger.warning(str(note))
        # Snakemake does not start the hooks of a module by itself.
        if not workflow.modifier.is_main_snakefile():
            WORKSPACE.take()
    except AnelloError as error:
        raise WorkflowError(str(error)) from None
