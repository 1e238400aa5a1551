"""How the kinds of encryption of an environment file come to the library's."""

from aws_cdk import aws_kms as kms

from ecr_constructs import Encryption
from ecr_constructs.environment.models import EncryptionKind


def encryption_of(kind: EncryptionKind, key: kms.IKey | None) -> Encryption:
    """Return the library's choice for a kind.

    Args:
        kind: As the file says it.
        key: The key of the site, for the kinds that use it.
    """
    if kind == "aes256":
        return Encryption.aes256()
    if kind == "aws_managed" or key is None:
        return Encryption.aws_managed()
    return Encryption.dual_layer(key) if kind == "dual_layer" else Encryption.customer_managed(key)
