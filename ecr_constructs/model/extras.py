"""The optional parts of the installation, in messages about a missing one."""


def install_remedy(extra: str) -> str:
    """Return how to install an extra.

    No release is on a package index yet, so no command names one: whoever registered the name there
    could run code on the machines of those who copy the command.
    """
    return f"install the extra {extra!r} of ecr-constructs: in a checkout, pip install '.[{extra}]'"
