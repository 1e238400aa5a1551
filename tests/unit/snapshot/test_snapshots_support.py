"""The snapshots of tests have only what AWS can answer."""

from typing import Any

import pytest

from tests.support.snapshots import LIFECYCLE, answered, refused, registry, repository, snapshot


def test_a_small_registry_answers_what_a_collector_asks() -> None:
    """Policies that are absent are known to be absent."""
    api = repository("api", tags={"team": "a"}, policy={"Statement": []}, lifecycle=LIFECYCLE)
    cache = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}
    whole = snapshot(
        registry(api, repository("web"), caches=[cache], invalid={"hub": "denied"}, policy={})
    )
    states = {answer.state for answer in whole.calls.values()}
    assert {"answered", "absent"} == states
    assert whole.answer("GetRepositoryPolicy", {"repositoryName": "api"}).value("policyText")
    assert not list(whole.unanswered)


@pytest.mark.parametrize(
    ("operation", "request_", "output"),
    [
        ("DescribeRepositories", {}, {"repositories": [{"name": "api"}]}),
        ("DescribeRepositories", {}, {"repositories": [{"imageTagMutability": "mutable"}]}),
        ("DescribeRepositories", {}, {"repositories": {}}),
        ("GetRepositoryPolicy", {"name": "api"}, {}),
    ],
)
def test_an_answer_that_aws_does_not_give(operation: str, request_: Any, output: Any) -> None:
    """A test cannot rely on a member or value that AWS does not document."""
    with pytest.raises(AssertionError):
        answered(operation, request_, output)


def test_a_refused_call_is_not_known() -> None:
    """Unless the code says that there is no such thing."""
    whole = snapshot(refused("DescribeRegistry"))
    assert "refused: AccessDeniedException" == whole.answer("DescribeRegistry").reason
