# A sweep runs its scenarios at each point of a parameter space. A point that fails leaves a record that
# says why, and does not keep the table from being written.


# The table of all points: `snakemake sweep`.
rule sweep:
    input:
        expand("results/{run}/sweep.nc", run=RUN) if POINTS else [],
    localrule: True


if SETTINGS.sweep is not None and SETTINGS.sweep.one_job_per_point:

    # All steps and iterations within one job, which leaves the files that single jobs would leave.
    rule point:
        input:
            model=lambda w: PLAN.shared_model(w.point) or [],
            files=point_model_files,
        output:
            record="results/{run}/points/{point}/point.json",
        log:
            "results/{run}/points/{point}/logs/point.log",
        benchmark:
            "results/{run}/points/{point}/logs/benchmark.tsv"
        conda:
            "../../envs/anello.yaml"
        threads: solver_threads
        resources:
            mem_mb=growing(2000, 100),
            runtime=growing(60, 10),
        params:
            settings=lambda w: PLAN.point_settings(w.point),
            scenario=lambda w: PLAN.point(w.point).scenario,
            values=lambda w: PLAN.point(w.point).values,
            fingerprint=lambda w: PLAN.fingerprint(w.point),
            code=code("point.py"),
        message:
            "Point {wildcards.point}"
        script:
            "../../scripts/point.py"

else:

    rule point:
        input:
            summary="results/{run}/{point}/summary.json",
        output:
            record="results/{run}/points/{point}/point.json",
        log:
            "results/{run}/points/{point}/logs/point.log",
        benchmark:
            "results/{run}/points/{point}/logs/benchmark.tsv"
        conda:
            "../../envs/anello.yaml"
        threads: 1
        resources:
            mem_mb=growing(500, 20),
            runtime=growing(10, 1),
        params:
            scenario=lambda w: PLAN.point(w.point).scenario,
            values=lambda w: PLAN.point(w.point).values,
            fingerprint=lambda w: PLAN.fingerprint(w.point),
            code=code("record_point.py"),
        message:
            "Point {wildcards.point}: record"
        script:
            "../../scripts/record_point.py"


rule gather:
    input:
        records=expand("results/{{run}}/points/{point}/point.json", point=POINTS),
    output:
        netcdf="results/{run}/sweep.nc",
        table="results/{run}/sweep.csv",
    log:
        "results/{run}/logs/gather.log",
    benchmark:
        "results/{run}/benchmarks/gather.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000, 20),
        runtime=growing(10, 1),
    params:
        code=code("gather.py"),
    message:
        "Table of the points of {wildcards.run}"
    script:
        "../../scripts/gather.py"
