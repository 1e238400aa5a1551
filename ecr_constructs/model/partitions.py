"""Which partition a Region belongs to."""

_BY_PREFIX = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}


def partition_of(region: str) -> str:
    """Return the partition of a Region: ``aws`` for ``eu-central-1``."""
    return next((p for prefix, p in _BY_PREFIX.items() if region.startswith(prefix)), "aws")
