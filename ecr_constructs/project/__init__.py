"""A project of its own for a registry: the files that `ecr-constructs init` writes."""
