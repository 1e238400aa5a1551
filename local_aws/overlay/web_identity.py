"""sts:AssumeRoleWithWebIdentity: a token's issuer, audience, subject and expiry against the role.

The signature is not verified: the keys of an issuer are on the internet, and nothing here goes
there. So a token made by hand does, if it says what the role's trust policy asks for.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from ministack.core import iam_evaluator as evaluator
from ministack.core.responses import get_region
from ministack.services import cognito, iam, sts

if TYPE_CHECKING:
    from local_aws.overlay.operations import HttpAnswer, Members

ACTION = "AssumeRoleWithWebIdentity"
_NOT_AUTHORIZED = 403, "AccessDenied", f"Not authorized to perform sts:{ACTION}"

_stock = sts.handle_request


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Members
) -> HttpAnswer:
    """Answer a request to STS, if its web identity may assume the role that it names."""
    if "amz-json" in headers.get("content-type", ""):
        asked = json.loads(body)
        action = headers.get("x-amz-target", "").rpartition(".")[2]
    else:
        asked = {name: values[0] for name, values in {**query, **parse_qs(body.decode())}.items()}
        action = asked.get("Action", "")
    if action == ACTION and (refusal := _refusal(asked["RoleArn"], asked["WebIdentityToken"])):
        refused: HttpAnswer = sts._error(*refusal, ns="sts")
        return refused
    answer: HttpAnswer = await _stock(method, path, headers, body, query)
    return answer


def _refusal(role_arn: str, token: str) -> tuple[int, str, str] | None:
    """Return status, code and message if the token does not admit its bearer to the role."""
    try:
        claims = cognito._decode_id_token_unverified(token)
        issuer, audience = claims["iss"], claims["aud"]
        is_expired = claims["exp"] < time.time()
    except (ValueError, KeyError, TypeError):
        return 400, "InvalidIdentityToken", "The web identity token is no token with iss, aud, exp"
    arn, keys = sts._web_identity_principal(token, "", role_arn)
    account, role_name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    provider = iam._oidc_providers.get_scoped(account, None, arn)
    if provider is None:
        message = f"No OpenIDConnect provider found in your account for {issuer}"
        return 400, "InvalidIdentityToken", message
    if audience not in provider["ClientIDList"]:
        return 400, "InvalidIdentityToken", "Incorrect token audience"
    if is_expired:
        return 400, "ExpiredTokenException", "Token expired"
    role = iam._roles.get_scoped(account, None, role_name)
    context = evaluator.EvalContext(
        principal_arn=arn,
        principal_type="WebIdentityUser",
        principal_account=account,
        action=f"sts:{ACTION}",
        resource_arn=role_arn,
        region=get_region(),
        service_context=keys,
    )
    trusts = role and evaluator.evaluate_trust_policy(
        role["AssumeRolePolicyDocument"], arn, context
    )
    return None if trusts else _NOT_AUTHORIZED


def install() -> None:
    """Validate the token before ministack answers, which accepts any token."""
    sts.handle_request = handle_request
