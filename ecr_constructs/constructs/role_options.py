"""The name, path and permissions boundary of a role that a construct defines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from ecr_constructs.model.arguments import checked
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PATH = re.compile(r"/(?:[\x21-\x7e]{0,510}/)?")


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class RoleOptions:
    """The name, path and permissions boundary of a role that a construct defines.

    Attributes:
        role_name: The role's name, 1 to 64 characters. An account has each name once, so a role of
            an app that is deployed to several Regions needs a name for each. Default:
            CloudFormation generates one.
        path: The role's path, ``/platform/``, at most 512 characters. Default: ``/``.
        permissions_boundary: The permissions boundary. It must allow what the role does.
            Default: none.

    Raises:
        ValidationError: ``role-name-format`` or ``role-path-format``: IAM rejects it.

    Example::

        boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "platform")
        RepositoryCreationTemplate(
            stack,
            "Replicas",
            prefix="payments",
            applied_for=["REPLICATION"],
            tags={"team": "payments"},
            role_options=RoleOptions(role_name="ecr-replicas", permissions_boundary=boundary),
        )
    """

    role_name: str | None = None
    path: str | None = None
    permissions_boundary: iam.IManagedPolicy | None = None

    def __post_init__(self) -> None:
        """Validate name and path; deploy-time values pass."""
        raise_if_invalid("role", self.role_name or self.path, self._errors())

    def _errors(self) -> Iterator[Diagnostic]:
        name, path = self.role_name, self.path
        if name is not None and not is_unresolved(name) and not _NAME.fullmatch(name):
            message = f"the name {name!r} must be 1 to 64 letters, digits or '_+=,.@-'"
            yield Diagnostic("role-name-format", message, "role_name")
        if path is not None and not is_unresolved(path) and not _PATH.fullmatch(path):
            message = f"the path {path!r} must begin and end with '/', without spaces"
            yield Diagnostic("role-path-format", message, "path", "write '/platform/'")
