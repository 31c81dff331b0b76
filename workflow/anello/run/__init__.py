"""A run of the workflow: its settings, its steps, its files and what they depend on."""
