"""The metrics of the use of quotas, as AWS documents them."""

import botocore.session

from ecr_constructs.model import usage
from tests.support.errors import by_code, rejection_test

# CDK's mark of a deploy-time number.
TOKEN = -1.8881545897087505e289


def test_calls_are_counted_by_the_minute() -> None:
    """Calls per minute, divided by sixty, in percent of the quota per second."""
    metric = usage.api_usage("PutImage")

    assert metric.dimensions == {
        "Class": "None",
        "Resource": "PutImage",
        "Service": "ECR",
        "Type": "API",
    }
    assert (metric.metric, metric.statistic, metric.period) == ("CallCount", "Sum", 60)
    assert metric.expression == "usage/60/SERVICE_QUOTA(usage)*100"


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
    assert {(use.metric, use.statistic, use.period) for use in (repositories, images)} == {
        ("ResourceCount", "Maximum", 300)
    }
    assert images.expression == "usage/SERVICE_QUOTA(usage)*100"


def test_every_action_is_one_of_ecr() -> None:
    """Each is an operation of ECR's API."""
    operations = botocore.session.get_session().get_service_model("ecr").operation_names

    assert len(usage.API_ACTIONS) == 8
    assert set(usage.API_ACTIONS) < set(operations)


PERCENTAGES = {"": [1, 0.5, 80, 100, TOKEN], "quota-percent-range": [0, -1, 100.5, float("nan")]}
test_percentages = rejection_test(usage.check_percent, by_code(PERCENTAGES))
