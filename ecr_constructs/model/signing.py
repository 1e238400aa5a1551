"""Signing configurations: which images ECR signs when they are pushed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import (
    count_errors,
    item_errors,
    located,
    raise_if_invalid,
    text_length_errors,
)
from ecr_constructs.model.wildcards import matcher

# The API allows 10 rules, the CloudFormation schema 50; the API decides.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SigningConfiguration.html
MAX_RULES = 10
MAX_FILTERS_PER_RULE = 100
FILTER_MAX_LENGTH = 256
PROFILE_ARN_MAX_LENGTH = 200
_FILTER = re.compile(r"(?:[a-z0-9*]+(?:[._-][a-z0-9*]+)*/)*[a-z0-9*]+(?:[._-][a-z0-9*]+)*")
_PROFILE = re.compile(
    r"arn:aws(?:-[a-z]+)*:signer:(?P<region>[a-z0-9-]+):[0-9]{12}:/signing-profiles/(?P<name>[^/]+)"
)
_PROFILE_NAME = re.compile(r"[a-zA-Z0-9_]{2,}")


@dataclass(frozen=True, slots=True)
class SigningRule:
    """The ARN of a signing profile, and filters of the repositories whose images it signs.

    ``*`` in a filter matches any characters; without filters, all images are signed.
    """

    profile_arn: str
    filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Validate the rule."""
        raise_if_invalid("signing rule", self.profile_arn, self._errors())

    def _errors(self) -> Iterator[Diagnostic]:
        if not is_unresolved(self.profile_arn):
            yield from located("profile_arn", _profile_errors(self.profile_arn))
        limit = "signing-filter-count", self.filters, MAX_FILTERS_PER_RULE, "filters"
        remedy = "a filter with '*' covers several repositories"
        yield from count_errors(*limit, "filters", remedy=remedy)
        yield from item_errors("filters", self.filters, _filter_errors)

    def may_sign(self, repository_name: str | None) -> bool:
        """Return whether images of a repository are signed, or may be.

        A generated name (None), and a name or filter that is resolved at deploy time, may match.
        """
        if not self.filters or repository_name is None or is_unresolved(repository_name):
            return True
        return any(
            is_unresolved(pattern) or matcher(pattern)(repository_name) for pattern in self.filters
        )

    def may_sign_below(self, prefix: str) -> bool:
        """Return whether a repository whose name begins with a prefix may have signed images."""
        if not self.filters or is_unresolved(prefix):
            return True
        stems = [pattern.partition("*")[0] for pattern in self.filters]
        return any(
            is_unresolved(pattern)
            or stem.startswith(prefix)
            or ("*" in pattern and prefix.startswith(stem))
            for pattern, stem in zip(self.filters, stems, strict=True)
        )


def profile_region_errors(arn: str, region: str) -> Iterator[Diagnostic]:
    """Yield a problem if a signing profile is in another Region than the registry."""
    match = _PROFILE.fullmatch(arn)
    if match and not is_unresolved(region) and match["region"] != region:
        yield Diagnostic(
            "signing-profile-region",
            f"the signing profile must be in the registry's Region, {region}; it is in "
            f"{match['region']}",
            "profile_arn",
        )


def signing_errors(rules: Sequence[SigningRule]) -> Iterator[Diagnostic]:
    """Yield a problem if the rules together exceed a limit of ECR."""
    yield from count_errors("signing-rule-count", rules, MAX_RULES, "signing rules of a registry")


def _profile_errors(arn: str) -> Iterator[Diagnostic]:
    match = _PROFILE.fullmatch(arn)
    if not match:
        yield Diagnostic(
            "signing-profile-format",
            "the signing profile must be given by its ARN, "
            "'arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME'",
        )
    elif not _PROFILE_NAME.fullmatch(match["name"]):
        yield Diagnostic(
            "signing-profile-format",
            f"the signing profile's name, {match['name']!r}, must be 2 or more letters, digits and "
            "'_'",
        )
    else:
        subject = "the signing profile's ARN"
        yield from text_length_errors(
            "signing-profile-length", subject, arn, PROFILE_ARN_MAX_LENGTH
        )


def _filter_errors(pattern: str) -> Iterator[Diagnostic]:
    if len(pattern) > FILTER_MAX_LENGTH or not _FILTER.fullmatch(pattern):
        yield Diagnostic(
            "signing-filter-format",
            f"filter {pattern!r} must be a repository name of 1 to {FILTER_MAX_LENGTH} "
            "characters, in which '*' matches any characters",
        )
