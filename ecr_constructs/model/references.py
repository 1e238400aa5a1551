"""The parts of CDK's constructs that the model reads: ARNs.

CDK has up to three types for a resource: its construct (``kms.Key``), the interface of an imported
one (``kms.IKey``) and the L1 (``kms.CfnKey``), of which ``key_ref`` is the only common part. The
protocols here fit all of them, for mypy and pyright alike.
"""

from typing import Protocol


class HasKeyArn(Protocol):
    """The part of ``kms.IKey`` that the model reads."""

    @property
    def key_arn(self) -> str:
        """The key's ARN."""


class HasKeyRef(Protocol):
    """The part of ``kms.IKeyRef`` and ``kms.CfnKey`` that the model reads."""

    @property
    def key_ref(self) -> HasKeyArn:
        """The reference to the key."""


class HasSecretArn(Protocol):
    """The part of ``secretsmanager.ISecret`` that the model reads."""

    @property
    def secret_arn(self) -> str:
        """The secret's ARN."""


class _HasSecretId(Protocol):
    @property
    def secret_id(self) -> str:
        """The secret's ARN, which CloudFormation calls its id."""


class HasSecretRef(Protocol):
    """The part of ``secretsmanager.CfnSecret`` that the model reads."""

    @property
    def secret_ref(self) -> _HasSecretId:
        """The reference to the secret."""


class HasRoleArn(Protocol):
    """The part of ``iam.IRole`` that the model reads."""

    @property
    def role_arn(self) -> str:
        """The role's ARN."""


class HasRoleRef(Protocol):
    """The part of ``iam.IRoleRef`` and ``iam.CfnRole`` that the model reads."""

    @property
    def role_ref(self) -> HasRoleArn:
        """The reference to the role."""


class HasUserArn(Protocol):
    """The part of ``iam.IUser`` that the model reads."""

    @property
    def user_arn(self) -> str:
        """The user's ARN."""


class HasUserRef(Protocol):
    """The part of ``iam.IUserRef`` and ``iam.CfnUser`` that the model reads."""

    @property
    def user_ref(self) -> HasUserArn:
        """The reference to the user."""


class HasSigningProfileArn(Protocol):
    """The part of ``signer.ISigningProfile`` that the model reads."""

    @property
    def signing_profile_arn(self) -> str:
        """The profile's ARN."""


class HasSigningProfileRef(Protocol):
    """The part of ``signer.CfnSigningProfile`` that the model reads."""

    @property
    def signing_profile_ref(self) -> HasSigningProfileArn:
        """The reference to the profile."""


AnyKey = HasKeyArn | HasKeyRef | str
AnySecret = HasSecretArn | HasSecretRef | str
AnyRole = HasRoleArn | HasRoleRef | str
AnyUser = HasUserArn | HasUserRef | str
AnySigningProfile = HasSigningProfileArn | HasSigningProfileRef | str


def arn_of(value: object, kind: str) -> str:
    """Return the ARN of a resource of a kind, such as ``key``; a string is the ARN itself."""
    if isinstance(value, str):
        return value
    name = f"{kind}_arn"
    if hasattr(value, name):
        arn: str = getattr(value, name)
    else:
        arn = getattr(getattr(value, f"{kind}_ref"), "secret_id" if kind == "secret" else name)
    return arn
