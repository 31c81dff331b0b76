"""A model in Python, as users of Calliope 0.6 know it."""
