rule draw:
    input:
        results="results/{run}/{scenario}/results.nc",
    output:
        figures=report(
            directory("results/{run}/{scenario}/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figures.rst",
            category="{scenario}",
        ),
    log:
        "results/{run}/{scenario}/logs/draw.log",
    benchmark:
        "results/{run}/{scenario}/benchmarks/draw.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000, 50),
        runtime=growing(30, 5),
    params:
        settings=settings("figures"),
        code=code("draw.py"),
    message:
        "Scenario {wildcards.scenario}: figures"
    script:
        "../../scripts/draw.py"
