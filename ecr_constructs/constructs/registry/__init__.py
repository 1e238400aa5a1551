"""What a `Registry` consists of; each part renders one CloudFormation type."""
