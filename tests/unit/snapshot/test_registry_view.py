"""The view of a registry: a value, or why it is not known."""

from typing import Any

import pytest

from ecr_constructs.snapshot.document import Record
from ecr_constructs.snapshot.registry_view import RegistryView
from ecr_constructs.snapshot.rendering import template_of
from tests.support.snapshots import AT, LIFECYCLE, refused, registry, repository, snapshot

BATCH = "BatchGetRepositoryScanningConfiguration"
NAME = {"repositoryName": "api"}


def odd(operation: str, request: Any, output: Any) -> Record:
    """Return an answer that AWS does not give."""
    return Record("ecr", operation, request, AT, output)


def rest() -> list[Record]:
    """Return the answers of a registry, without those about its repository."""
    return [record for record in registry(repository("api")) if record.request != NAME]


def test_an_answer_without_its_member_is_not_known() -> None:
    """Nothing is concluded from an answer in another shape."""
    view = RegistryView(
        snapshot(
            rest(),
            odd("GetRepositoryPolicy", NAME, {}),
            odd("GetLifecyclePolicy", NAME, {"lifecyclePolicyText": 7}),
        )
    )
    api = view.repositories.value["api"]
    assert api.policy.not_known is not None
    assert api.lifecycle.not_known is not None
    assert view.policy.not_known is None
    other = RegistryView(snapshot(odd("GetRegistryPolicy", {}, {})))
    assert other.policy.not_known is not None


def test_a_repository_that_was_deleted_meanwhile() -> None:
    """That it has no policy is not known then."""
    gone = "RepositoryNotFoundException"
    view = RegistryView(snapshot(rest(), refused("GetRepositoryPolicy", NAME, gone)))
    assert view.repositories.value["api"].policy.not_known is not None


@pytest.mark.parametrize(
    ("request_", "output", "frequency"),
    [
        ({"repositoryNames": "api"}, {}, None),
        ({"repositoryNames": ["api"]}, {"scanningConfigurations": [{}, 1]}, None),
        (
            {},
            {"scanningConfigurations": [{"repositoryName": "api", "scanFrequency": "MANUAL"}]},
            "MANUAL",
        ),
    ],
)
def test_odd_answers_about_scans(request_: Any, output: Any, frequency: str | None) -> None:
    """What is not there is not known."""
    setting = RegistryView(snapshot(odd(BATCH, request_, output))).frequency_of("api")
    assert frequency == setting.value
    assert (setting.not_known is None) == (frequency is not None)


def test_a_registry_as_a_template() -> None:
    """A repository is named by its logical ID; AWS's own tags are not its."""
    tags = {"team": "a", "aws:cloudformation:stack-name": "x"}
    template = template_of(snapshot(registry(repository("api", lifecycle=LIFECYCLE, tags=tags))))
    assert ("111122223333", "eu-central-1") == (template.account, template.region)
    properties = template.body["Resources"]["api"]["Properties"]
    assert [{"Key": "team", "Value": "a"}] == properties["Tags"]
