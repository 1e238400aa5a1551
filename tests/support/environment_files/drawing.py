"""What random environment files are made of: places, names, and mappings with optional keys."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

Content = dict[str, Any]
Draw = st.DrawFn


class Home(NamedTuple):
    """Where an environment is, and where its replicas are."""

    partition: str
    region: str
    others: tuple[str, ...]

    def arn(self, service: str, name: str, *, region: str | None = None, account: str) -> str:
        """Return an ARN in the partition."""
        region = self.region if region is None else region
        return f"arn:{self.partition}:{service}:{region}:{account}:{name}"


HOMES = (
    Home("aws", "eu-central-1", ("eu-west-1", "us-east-1")),
    Home("aws", "us-east-1", ("us-west-2", "eu-west-1")),
    Home("aws-us-gov", "us-gov-west-1", ("us-gov-east-1",)),
    Home("aws-cn", "cn-north-1", ("cn-northwest-1",)),
)
ACCOUNT, BACKUP, PARTNER, VENDOR = (str(number) * 12 for number in (1, 2, 3, 4))
ORGANIZATION = "o-a1b2c3d4e5"
TEAMS = ("payments", "shop", "a-b", "team2", "x", "data-platform-2")
NAMES = (
    *(
        f"{namespace}/{name}"
        for namespace in ("payments", "shop", "3scale", "a.b-c_d", "base/images")
        for name in ("api", "7zip", "web.v2", "x_y")
    ),
    *("api", "2048", "cli-x"),
)
PREFIXES = ("sandbox/", "vendor/", "payments/", "3scale/")
TAG_PATTERNS = ("v*", "release-*", "main", "*-rc*", "1.2.3")
TEXTS = ("A description.", "Ünïcode ✓", "with: colon", "x" * 100, "0", "yes", "#1", "$ {x}")
UUID = "11111111-2222-4333-8444-555555555555"


def accounts(least: int = 1) -> st.SearchStrategy[list[str]]:
    """Draw ids of other accounts."""
    return st.lists(st.sampled_from([PARTNER, VENDOR]), min_size=least, max_size=2, unique=True)


def some(values: Sequence[str], least: int = 1, most: int = 2) -> st.SearchStrategy[list[str]]:
    """Draw a few different values."""
    return st.lists(st.sampled_from(values), min_size=least, max_size=most, unique=True)


def mapping(
    required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Content]:
    """Draw a mapping with the required keys and few of the optional ones."""
    return _few(st.fixed_dictionaries(required), optional)


@st.composite
def _few(draw: Draw, required: st.SearchStrategy[Content], optional: Content) -> Content:
    names = (
        draw(st.lists(st.sampled_from([*optional]), max_size=4, unique=True)) if optional else []
    )
    return {**draw(required), **{name: draw(optional[name]) for name in names}}


TAGS = st.dictionaries(
    st.sampled_from(["team", "cost-center", "data:class", "Übung", "on"]),
    st.sampled_from((*TEXTS[:2], "010", "yes", "a+b=c")),
    max_size=3,
)
REASONS = st.dictionaries(
    st.sampled_from(["ECR012", "ECR115", "ECR001", "signingElsewhere", "topicPolicy"]),
    st.sampled_from(["Tags move with each build.", "Decided in the review: see the wiki."]),
    max_size=2,
)


def principal_lists(home: Home) -> list[str]:
    return [
        f"arn:{home.partition}:iam::{PARTNER}:role/ci/Deploy",
        f"arn:{home.partition}:iam::{ACCOUNT}:role/Release",
        f"arn:{home.partition}:iam::{VENDOR}:user/alice@example.com",
    ]
