"""Parameter spaces: from the section `sweep` to points, and from their results to a table."""
