"""Questions to a scenario: which assumption moves its cost most, and what does less CO2 cost."""
