"""The `Registry` and its parts, each of which renders one CloudFormation type."""
