"""The tokens that CI systems give to their jobs, made here, and the credentials they are good for.

They are unsigned: only a CI system signs for its jobs. The embedded AWS checks the claims of a
token and not its signature; AWS would reject these.
"""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecr_constructs.model.ci import CiIssuer
    from local_aws.endpoint import Endpoint

SESSION_NAME = "push"
_LIFETIME_SECONDS = 300


def token(issuer: CiIssuer, subject: str, **claims: Any) -> str:
    """Return an unsigned token of a job, such as ``repo:acme/api:ref:refs/heads/main``."""
    body = {
        "iss": issuer.url,
        "aud": issuer.audience,
        "sub": subject,
        "exp": int(time.time()) + _LIFETIME_SECONDS,
        **claims,
    }
    parts = ({"alg": "none", "typ": "JWT"}, body)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in encoded), ""])


def assume(aws: Endpoint, role_arn: str, web_identity: str, *, region: str) -> dict[str, str]:
    """Exchange a token for the credentials of a role, as a job of CI does."""
    # The call itself needs no credentials, and this account sends none.
    sts = aws.client("sts", account=role_arn.split(":")[4], region=region)
    answer = sts.assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName=SESSION_NAME, WebIdentityToken=web_identity
    )
    credentials: dict[str, str] = answer["Credentials"]
    return credentials
