# All scenarios side by side: `snakemake report`.
rule report:
    input:
        expand("results/{run}/report.html", run=RUN),
    localrule: True


rule write_report:
    input:
        results=expand("results/{{run}}/{scenario}/results.nc", scenario=SCENARIOS),
        sensitivity="results/{run}/sensitivity.csv" if SETTINGS.sensitivity else [],
        pareto="results/{run}/pareto.csv" if SETTINGS.pareto else [],
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
        mem_mb=growing(2000, 50),
        runtime=growing(30, 1),
    params:
        scenarios=SCENARIOS,
        settings=SETTINGS.figures.model_dump(mode="json"),
        code=code("report.py"),
    message:
        "Report on run {wildcards.run}"
    script:
        "../../scripts/report.py"


# Every figure and table of a study, with checksums: `snakemake paper --configfile config/iccep2019.yaml`.
rule paper:
    input:
        expand("results/{run}/paper", run=RUN),
    localrule: True


rule write_paper:
    input:
        results=expand("results/{{run}}/{scenario}/results.nc", scenario=SCENARIOS),
        figures=expand("results/{{run}}/{scenario}/figures", scenario=SCENARIOS),
        models=raw_data,
        comparison="results/{run}/comparison",
    output:
        folder=directory("results/{run}/paper"),
    log:
        "results/{run}/logs/paper.log",
    benchmark:
        "results/{run}/benchmarks/paper.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000, 50),
        runtime=growing(30, 1),
    params:
        scenarios=SCENARIOS,
        models=raw_data_folders,
        settings=SETTINGS.figures.model_dump(mode="json"),
        code=code("paper.py"),
    message:
        "Figures and tables of run {wildcards.run}"
    script:
        "../../scripts/paper.py"
