"""Repository names: what ECR accepts, and what to write instead of what it rejects."""

from typing import Any

import pytest

from ecr_constructs.model.names import check_repository_name, repository_name_errors
from tests.support.errors import by_code, rejection_test

HOST = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"

REMEDIES = {
    "Payments/API": "write 'payments/api'",
    "payments/api:1.0": "write 'payments/api'",
    " payments api ": "write 'payments-api'",
    "payments\n": "write 'payments'",
    "käse/brot": "",
    f"{HOST}/payments/api:1.0": "write 'payments/api'",
    "https://111122223333.dkr-ecr.eu-central-1.on.aws/api@sha256:0": "write 'api'",
}


REJECTED: dict[str, tuple[Any, ...]] = {
    "empty": ("", "length", "slashes"),
    "one character": ("a", "length"),
    "257 characters": ("a" * 257, "length"),
    "upper case": ("Payments/API", "characters"),
    "a tag": ("payments/api:1.0", "characters"),
    "letters of another alphabet": ("käse/brot", "characters"),
    "a line break at the end": ("payments\n", "characters"),
    "leading slash": ("/api", "slashes"),
    "trailing slash": ("api/", "slashes"),
    "double slash": ("payments//api", "slashes"),
    "leading dot": (".api", "separators"),
    "trailing hyphen": ("api-", "separators"),
    "two dots": ("a..b", "separators"),
    "three underscores": ("a___b", "separators"),
    "mixed separators": ("a.-b", "separators"),
    "hyphen at a slash": ("team/-api", "separators"),
    "several problems, each once": ("a" * 256 + "//-/", "length", "slashes", "separators"),
    "an image URI": (f"{HOST}/payments/api:1.0", "is-uri"),
}
test_rejects = rejection_test(check_repository_name, REJECTED, prefix="repository-name-")


@pytest.mark.parametrize(("name", "remedy"), REMEDIES.items())
def test_suggests_a_valid_name(name: str, remedy: str) -> None:
    """The remedy is a valid name, where one is near."""
    [error] = repository_name_errors(name)

    assert remedy == error.remedy


ACCEPTED = [
    *("ab", "a" * 256, "payments/api", "a--b", "a__b", "a---b.c_d/0", "0/1/2", "team.a/api-v2"),
    *("${Token[TOKEN.1]}", "Team-${Token[Name.27]}"),
]
test_accepts = rejection_test(check_repository_name, by_code({"": ACCEPTED}))
