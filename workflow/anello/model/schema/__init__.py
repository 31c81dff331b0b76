"""What a model's files may say, what they said, and where: trees, parameters, reports of faults."""
