"""A model folder as one data set with units: definition, series, fewer time steps, quality."""
