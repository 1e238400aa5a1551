"""The environment file: one YAML file describes one registry."""
