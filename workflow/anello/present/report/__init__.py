"""Figures, tables and the HTML report, all drawn from collected results alone."""
