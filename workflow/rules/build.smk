rule build:
    input:
        model="results/{run}/{scenario}/model_data.nc",
    output:
        problem="results/{run}/{scenario}/problem.npz",
    log:
        "results/{run}/{scenario}/logs/build.log",
    benchmark:
        "results/{run}/{scenario}/benchmarks/build.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(1500, 100),
        runtime=growing(30, 5),
    params:
        settings=problem_settings(),
        code=code("build.py"),
    message:
        "Writing the dispatch problem of scenario {wildcards.scenario}"
    script:
        "../../scripts/build.py"
