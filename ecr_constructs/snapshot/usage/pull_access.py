"""Whether a repository policy certainly rejects the pulls of a workload in another account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.iam_policy import read_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.iam_policy import Policy
    from ecr_constructs.snapshot.usage.images import RepositoryImages
    from ecr_constructs.snapshot.usage.references import User

_PULL = "ecr:BatchGetImage"
_ACCOUNT_DIGITS = 12


def rejection(repository: RepositoryImages, user: User) -> tuple[bool, str]:
    """Return whether a pull is certainly rejected, or else why that is not known.

    Within an account, policies of identities suffice, which are not read here. From another one,
    the repository policy must allow it, too. Conditions, denials and the policies of identities
    are not judged, so that a pull that is not certainly rejected may be rejected.
    """
    if user.registry.account == repository.registry.account:
        return False, ""
    request = {"repositoryName": repository.name}
    answer = repository.snapshot.answer("GetRepositoryPolicy", request)
    if not answer.is_known:
        return False, answer.reason
    policies = [*read_policy("repository", (), answer.value("policyText"))]
    if any(policy.document is None for policy in policies):
        return False, "not readable"
    return not any(_admits(policy, user) for policy in policies), ""


def accounts_of(repository: RepositoryImages) -> Iterator[str]:
    """Yield the accounts that the repository policy names, and ``*`` if it names everyone."""
    answer = repository.snapshot.answer("GetRepositoryPolicy", {"repositoryName": repository.name})
    for policy in read_policy("repository", (), answer.value("policyText")):
        for statement in policy.statements:
            if statement.allows and statement.may(_PULL):
                for kind, value in statement.principals:
                    account = _account_in(value)
                    if kind in ("*", "AWS") and (value == "*" or account):
                        yield account or value


def _admits(policy: Policy, user: User) -> bool:
    return any(
        "NotPrincipal" in statement.body
        or any(_may_be(kind, value, user) for kind, value in statement.principals)
        for statement in policy.statements
        if statement.allows and statement.may(_PULL)
    )


def _may_be(kind: str, value: str, user: User) -> bool:
    if kind == "Service":
        return value.partition(".")[0] == user.service
    # The id of a deleted role, or another form, may be of any account.
    return kind in ("*", "AWS") and _account_in(value) in (None, user.registry.account)


def _account_in(principal: str) -> str | None:
    """Return the account of a principal; None if it does not say it."""
    parts = principal.split(":")
    account = parts[4] if len(parts) > 5 else principal  # noqa: PLR2004 - the parts of an ARN
    return account if len(account) == _ACCOUNT_DIGITS and account.isdecimal() else None
