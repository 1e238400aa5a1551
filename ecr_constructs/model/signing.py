"""Which images ECR signs when they are pushed."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

# The API allows 10 rules, the CloudFormation schema 50; the API decides.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SigningConfiguration.html
MAX_RULES = 10
MAX_FILTERS_PER_RULE = 100
FILTER_MAX_LENGTH = 256
PROFILE_ARN_MAX_LENGTH = 200
_FILTER = re.compile(r"(?:[a-z0-9*]+(?:[._-][a-z0-9*]+)*/)*[a-z0-9*]+(?:[._-][a-z0-9*]+)*")
_PROFILE = re.compile(
    r"arn:aws(-[a-z]+)*:signer:[a-z0-9-]+:[0-9]{12}:/signing-profiles/[a-zA-Z0-9_]{2,}"
)


@dataclass(frozen=True, slots=True)
class SigningRule:
    """A signing profile and the repositories whose images it signs.

    Attributes:
        profile_arn: The ARN of an AWS Signer signing profile of the registry's Region.
        filters: Repository names, in which ``*`` stands for anything; none signs all.

    Raises:
        ValueError: An ARN or a filter that ECR refuses, or more than 100 filters.
    """

    profile_arn: str
    filters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Judge the rule."""
        raise_if_invalid("signing rule", self.profile_arn, self._errors())

    def _errors(self) -> Iterator[str]:
        if not is_unresolved(self.profile_arn) and not _PROFILE.fullmatch(self.profile_arn):
            yield (
                "the signing profile must be given by its ARN, "
                "'arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME'"
            )
        elif not is_unresolved(self.profile_arn) and len(self.profile_arn) > PROFILE_ARN_MAX_LENGTH:
            yield (
                f"the signing profile's ARN must be at most {PROFILE_ARN_MAX_LENGTH} characters "
                f"long, is {len(self.profile_arn)}"
            )
        if len(self.filters) > MAX_FILTERS_PER_RULE:
            yield (
                f"a rule has at most {MAX_FILTERS_PER_RULE} filters, this one has "
                f"{len(self.filters)}; a filter with '*' covers several repositories"
            )
        for each in self.filters:
            if is_unresolved(each):
                continue
            if not 1 <= len(each) <= FILTER_MAX_LENGTH or not _FILTER.fullmatch(each):
                yield (
                    f"filter {each!r} must be a repository name of 1 to {FILTER_MAX_LENGTH} "
                    "characters, in which '*' stands for anything"
                )

    def may_sign(self, repository_name: str | None) -> bool:
        """Tell whether images of a repository are signed, or may be.

        Args:
            repository_name: The name; None if CloudFormation makes one up. Neither such a name
                nor a filter or name that is known only at deploy time can be judged: it may.
        """
        if not self.filters or repository_name is None or is_unresolved(repository_name):
            return True
        return any(
            is_unresolved(each) or fnmatchcase(repository_name, each) for each in self.filters
        )

    def may_sign_below(self, prefix: str) -> bool:
        """Tell whether images of some repository whose name begins so may be signed."""
        if not self.filters or is_unresolved(prefix):
            return True
        stems = [each.partition("*")[0] for each in self.filters]
        return any(
            is_unresolved(each)
            or stem.startswith(prefix)
            or ("*" in each and prefix.startswith(stem))
            for each, stem in zip(self.filters, stems, strict=True)
        )


def signing_errors(rules: Sequence[SigningRule]) -> Iterator[str]:
    """Yield a sentence for each limit that these rules exceed together."""
    if len(rules) > MAX_RULES:
        yield f"a registry has at most {MAX_RULES} signing rules, these are {len(rules)}"
