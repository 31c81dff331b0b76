# One iteration is a solution of the dispatch, a simulation of the ring it causes, and a comparison of
# that ring with the one before. Group only the first two on a cluster: --groups solve=pair simulate=pair.


rule solve:
    input:
        model="results/{run}/{scenario}/model_data.nc",
        problem="results/{run}/{scenario}/problem.npz",
        cop=previous("cop.nc"),
        basis=previous("basis.npz"),
    output:
        dispatch="results/{run}/{scenario}/iterations/{iteration}/dispatch.nc",
        basis="results/{run}/{scenario}/iterations/{iteration}/basis.npz",
        report="results/{run}/{scenario}/iterations/{iteration}/solve.json",
    log:
        stage="results/{run}/{scenario}/logs/solve_{iteration}.log",
        solver="results/{run}/{scenario}/iterations/{iteration}/solver.log",
    benchmark:
        "results/{run}/{scenario}/benchmarks/solve_{iteration}.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: solver_threads
    resources:
        mem_mb=growing(1500, 100),
        runtime=solve_runtime_min,
        # A resource and not a parameter: a longer limit must not make finished solutions run again.
        time_limit_s=lambda w: PLAN.time_limit_s(w.scenario),
    params:
        settings=solving_settings(),
        code=code("solve.py"),
    message:
        "Scenario {wildcards.scenario}, iteration {wildcards.iteration}: dispatch"
    script:
        "../../scripts/solve.py"


rule simulate:
    input:
        model="results/{run}/{scenario}/model_data.nc",
        dispatch="results/{run}/{scenario}/iterations/{iteration}/dispatch.nc",
        cop=previous("cop.nc"),
        first=first("ring.nc"),
        earlier=remembered_rings,
    output:
        ring="results/{run}/{scenario}/iterations/{iteration}/ring.nc",
        cop="results/{run}/{scenario}/iterations/{iteration}/cop.nc",
    log:
        "results/{run}/{scenario}/logs/simulate_{iteration}.log",
    benchmark:
        "results/{run}/{scenario}/benchmarks/simulate_{iteration}.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000, 50),
        runtime=growing(30, 5),
    params:
        settings=settings("ring", coupling=("method", "fixed_point", "slp")),
        code=code("simulate.py"),
    message:
        "Scenario {wildcards.scenario}, iteration {wildcards.iteration}: ring"
    script:
        "../../scripts/simulate.py"


# The record of the iteration before is an input beside the two states. Through this chain a changed
# tolerance has every record judged anew; without it the walk would trust records of the former one.
checkpoint check_convergence:
    input:
        ring="results/{run}/{scenario}/iterations/{iteration}/ring.nc",
        before=previous("ring.nc"),
        trace=previous("convergence.json"),
    output:
        record="results/{run}/{scenario}/iterations/{iteration}/convergence.json",
    log:
        "results/{run}/{scenario}/logs/check_{iteration}.log",
    benchmark:
        "results/{run}/{scenario}/benchmarks/check_{iteration}.tsv"
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(500, 20),
        runtime=growing(10, 1),
    params:
        settings=settings(
            "ring",
            coupling=(
                "method",
                "criterion",
                "tolerance_k",
                "mean_relative_tolerance",
                "min_repeats",
                "predicted_decrease",
                "cost_gap",
                "fixed_point",
            ),
        ),
        code=code("check_convergence.py"),
    message:
        "Scenario {wildcards.scenario}, iteration {wildcards.iteration}: convergence"
    script:
        "../../scripts/check_convergence.py"


# The only rule that asks how far the loop got. It fails where the loop has not converged. All files
# that led to the results are its inputs: none of them may be missing or damaged when they are written.
rule collect:
    input:
        model="results/{run}/{scenario}/model_data.nc",
        quality="results/{run}/{scenario}/quality.json",
        dispatch=chosen("dispatch.nc"),
        rings=every("ring.nc"),
        record=settled("convergence.json"),
        problem="results/{run}/{scenario}/problem.npz",
        chain=every(
            "dispatch.nc", "basis.npz", "solve.json", "cop.nc", "convergence.json"
        ),
    output:
        results="results/{run}/{scenario}/results.nc",
        summary="results/{run}/{scenario}/summary.json",
        tables=directory("results/{run}/{scenario}/csv"),
    log:
        stage="results/{run}/{scenario}/logs/collect.log",
        # Kept when the rule fails, unlike an output: what an unconverged run leaves behind.
        record="results/{run}/{scenario}/logs/convergence.json",
        plot="results/{run}/{scenario}/logs/convergence.svg",
    benchmark:
        "results/{run}/{scenario}/benchmarks/collect.tsv"
    wildcard_constraints:
        scenario=one_of(PLAN.alone, POINT),
    conda:
        "../../envs/anello.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000, 50),
        runtime=growing(30, 5),
    params:
        settings=lambda w: PLAN.plain(w.scenario),
        code=code("collect.py"),
    message:
        "Scenario {wildcards.scenario}: results"
    script:
        "../../scripts/collect.py"
