"""Compare templates with the registry that they configure, and with the deployed templates."""
