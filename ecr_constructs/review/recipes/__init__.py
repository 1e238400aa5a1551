"""What to do, command by command, about changes that a deployment alone does not make."""
