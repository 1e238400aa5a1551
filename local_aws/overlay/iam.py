"""AWS::IAM::OIDCProvider, which the identity of a CI system needs."""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id, now_iso
from ministack.services import iam

from local_aws.overlay import cloudformation

if TYPE_CHECKING:
    from local_aws.overlay.operations import Members

    Created = tuple[str, Members]


def _create(_: str, properties: Members, stack: str) -> Created:
    host = properties["Url"].removeprefix("https://").rstrip("/")
    arn = f"arn:aws:iam::{get_account_id()}:oidc-provider/{host}"
    if arn in iam._oidc_providers:
        msg = f"Provider with url {properties['Url']} already exists."
        raise ValueError(msg)
    iam._oidc_providers[arn] = {"Url": host, "Arn": arn, "CreateDate": now_iso()}
    return _update(arn, {}, properties, stack)


def _update(arn: str, _: Members, properties: Members, __: str) -> Created:
    provider = iam._oidc_providers[arn]
    provider["ClientIDList"] = properties.get("ClientIdList", [])
    provider["ThumbprintList"] = properties.get("ThumbprintList", [])
    provider["Tags"] = properties.get("Tags", [])
    return arn, {"Arn": arn}


def _delete(arn: str, _: Members) -> None:
    iam._oidc_providers.pop(arn, None)


def install() -> None:
    """Add the resource type."""
    cloudformation.add(
        "AWS::IAM::OIDCProvider",
        create=_create,
        update=_update,
        delete=_delete,
        replaced_by=("Url",),
        tags=True,
    )
