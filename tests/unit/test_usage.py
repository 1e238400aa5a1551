"""The metrics of the use of quotas, as AWS documents them."""

import botocore.session
import pytest

from ecr_constructs.model import usage

# How CDK marks a number that it knows only at deployment.
TOKEN = -1.8881545897087505e289


def test_calls_are_counted_by_the_minute() -> None:
    """Calls a minute, by sixty, in percent of the quota a second."""
    each = usage.api_usage("PutImage")

    assert each.dimensions == {
        "Class": "None",
        "Resource": "PutImage",
        "Service": "ECR",
        "Type": "API",
    }
    assert (each.metric, each.statistic, each.period) == ("CallCount", "Sum", 60)
    assert each.expression == "usage/60/SERVICE_QUOTA(usage)*100"


def test_resources_are_counted_as_they_are() -> None:
    """Repositories of the registry, and images of a repository."""
    repositories, images = usage.repositories_usage(), usage.images_usage("payments/api")

    assert repositories.dimensions == {
        "Resource": "RepositoryCount",
        "Service": "ECR",
        "Type": "RESOURCE",
    }
    assert images.dimensions == {
        "Resource": "ImagesPerRepositoryCount",
        "ResourceId": "repository/payments/api",
        "Service": "ECR",
        "Type": "RESOURCE",
    }
    assert {(each.metric, each.statistic, each.period) for each in (repositories, images)} == {
        ("ResourceCount", "Maximum", 300)
    }
    assert images.expression == "usage/SERVICE_QUOTA(usage)*100"


def test_every_action_is_one_of_ecr() -> None:
    """Each is an operation of ECR's API."""
    operations = botocore.session.get_session().get_service_model("ecr").operation_names

    assert len(usage.API_ACTIONS) == 8
    assert set(usage.API_ACTIONS) < set(operations)


@pytest.mark.parametrize("percent", [1, 0.5, 80, 100, TOKEN])
def test_a_part_of_a_quota(percent: float) -> None:
    """Above 0 and up to 100; a token passes."""
    usage.check_percent(percent)


@pytest.mark.parametrize("percent", [0, -1, 100.5, float("nan")])
def test_no_part_of_a_quota(percent: float) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="must be more than 0 and at most 100, such as 80"):
        usage.check_percent(percent)
