"""Results as a table in the format of the Integrated Assessment Modeling Consortium (IAMC)."""
