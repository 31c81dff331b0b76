# All scenarios side by side: `snakemake report`.
rule report:
    input:
        expand("results/{run}/report.html", run=RUN),


rule write_report:
    input:
        results=expand("results/{{run}}/{scenario}/results.nc", scenario=SCENARIOS),
    output:
        page=report(
            "results/{run}/report.html",
            caption="../report/page.rst",
            category="Run",
        ),
        table=report(
            "results/{run}/scenarios.csv",
            caption="../report/scenarios.rst",
            category="Run",
        ),
        figures=report(
            directory("results/{run}/comparison"),
            patterns=["{figure}.svg"],
            caption="../report/comparison.rst",
            category="Run",
        ),
    log:
        "results/{run}/logs/report.log",
    benchmark:
        "results/{run}/benchmarks/report.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=memory_mb(2000, 50),
        runtime=30,
    params:
        scenarios=SCENARIOS,
        settings=SETTINGS.figures.model_dump(mode="json"),
        code=code("report.py"),
    message:
        "Report on run {wildcards.run}"
    script:
        "../../scripts/report.py"
