"""What ministack lacks of Amazon ECR, added through its own handler tables.

The overlay is lenient where ministack is: it does not validate names, policies or limits. What it
stores it reads back truthfully, in the shapes of ECR's API model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local_aws.findings import Finding


def install(
    endpoint_url: str,
    secret: str,
    members: Mapping[str, str],
    findings: Sequence[Finding] = (),
) -> None:
    """Add every part of the overlay to the ministack of this process.

    ECR hands out the endpoint as its registry's address; accounts are mapped to organizations.
    What STS and ECR issue begins with the secret, so that it is accepted again. Scans find the
    findings.
    """
    # Imported here, because importing them imports ministack, which reads the environment.
    from local_aws.overlay import (  # noqa: PLC0415
        adoption,
        authorization,
        cloudformation,
        confinement,
        ecs,
        functions,
        http,
        inspector,
        organizations,
        scans,
    )

    # For their operations.
    from local_aws.overlay import lifecycle as lifecycle  # noqa: PLC0415
    from local_aws.overlay import scan_findings as scan_findings  # noqa: PLC0415

    authorization.ORGANIZATIONS.update(members)
    confinement.install()
    authorization.install(secret)
    http.install(endpoint_url, secret)
    cloudformation.install()
    adoption.install()
    ecs.install()
    functions.install()
    inspector.install()
    organizations.install()
    scans.FINDINGS.extend(findings)
