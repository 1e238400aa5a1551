"""The metrics of the use of quotas, as AWS documents them."""

from typing import Any

import botocore.session
import pytest

from ecr_constructs.model import usage
from tests.support.errors import by_code, rejection_test

# CDK's mark of a deploy-time number.
TOKEN = -1.8881545897087505e289


RESOURCE = ("ResourceCount", "Maximum", 300, "usage/SERVICE_QUOTA(usage)*100")
USES = {
    # Calls per minute, divided by sixty, in percent of the quota per second.
    "calls": (
        usage.api_usage("PutImage"),
        ("CallCount", "Sum", 60, "usage/60/SERVICE_QUOTA(usage)*100"),
        {"Type": "API", "Resource": "PutImage", "Class": "None"},
    ),
    "repositories": (
        usage.repositories_usage(),
        RESOURCE,
        {"Type": "RESOURCE", "Resource": "RepositoryCount"},
    ),
    "images": (
        usage.images_usage("payments/api"),
        RESOURCE,
        {
            "Type": "RESOURCE",
            "Resource": "ImagesPerRepositoryCount",
            "ResourceId": "repository/payments/api",
        },
    ),
}


@pytest.mark.parametrize(("use", "expected", "dimensions"), USES.values(), ids=USES)
def test_metrics(use: usage.Usage, expected: tuple[object, ...], dimensions: Any) -> None:
    """A metric has the name, statistic, period and dimensions that AWS documents."""
    assert expected == (use.metric, use.statistic, use.period, use.expression)
    assert {"Service": "ECR", **dimensions} == use.dimensions


def test_every_action_is_one_of_ecr() -> None:
    operations = botocore.session.get_session().get_service_model("ecr").operation_names

    assert len(usage.API_ACTIONS) == 8
    assert set(usage.API_ACTIONS) < set(operations)


PERCENTAGES = {"": [1, 0.5, 80, 100, TOKEN], "quota-percent-range": [0, -1, 100.5, float("nan")]}
test_percentages = rejection_test(usage.check_percent, by_code(PERCENTAGES))
