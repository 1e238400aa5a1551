"""Errors of the template reader."""


class TemplateError(Exception):
    """A template cannot be read; the message is one line that names the file and the reason."""


CheckError = TemplateError
"""The public name in `ecr_constructs.checks`."""
