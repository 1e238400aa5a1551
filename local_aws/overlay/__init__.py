"""What ministack lacks of Amazon ECR, added through its own handler tables.

The overlay is lenient where ministack is: it does not judge names, policies or limits. What it
stores it reads back truthfully, in the shapes of ECR's API model.
"""

from __future__ import annotations


def install(endpoint_url: str) -> None:
    """Add every part of the overlay to the ministack of this process.

    Args:
        endpoint_url: Where the server will answer; ECR hands it out as its registry's address.
    """
    # Imported here, because importing them imports ministack, which reads the environment.
    from local_aws.overlay import (  # noqa: PLC0415
        cloudformation,
        http,
        iam,
        operations,
        public,
        repositories,
        tokens,
    )
    from local_aws.overlay import layers as layers  # noqa: PLC0415 - for its operations
    from local_aws.overlay import lifecycle as lifecycle  # noqa: PLC0415 - as above

    tokens.ENDPOINT.url = endpoint_url
    for part in (operations, repositories, http, cloudformation, public, iam):
        part.install()
