"""Reading a deployed registry; the only part that imports boto3."""
