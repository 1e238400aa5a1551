"""The registry of each environment, composed from `ecr_constructs`."""
