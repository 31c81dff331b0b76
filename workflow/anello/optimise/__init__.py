"""The dispatch problem: its formulation, the solvers, rolling horizons, alternatives, results."""
