"""Identities are compared with the repositories, profiles and names of the other templates."""

from collections.abc import Sequence

import pytest

from ecr_constructs.checks import Template, check
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    HERE,
    HOME,
    PARTNER,
    ROOT,
    allow,
    api,
    resource,
    template,
)
from tests.support.rule_examples.consumers import PUSH
from tests.support.rule_examples.identities import (
    CACHE_HERE,
    NAMED,
    SIGN,
    copied,
    images,
    may,
    provider,
    puller,
    reader,
    signed,
)
from tests.support.rule_examples.statements import PULL

UNKNOWN = {"Ref": "Given"}
THERE = NAMED.replace(HOME[1], ELSEWHERE[1])
STRANGER = "arn:aws:iam::777788889999:root"
UNNAMED = {"Api": resource(REPOSITORY, api()["Api"]["Properties"], DeletionPolicy="Retain")}
OURS = {"ECR222", "ECR223", "ECR224", "ECR225", "ECR226"}
# Templates that are deployed together, and the rules that find something.
CASES: dict[str, tuple[Sequence[Template], list[str]]] = {
    "a policy for the role": ([images({"AWS": ROOT.replace("root", "role/a")}), puller()], []),
    "a policy for everyone": ([images("*"), puller()], []),
    "a policy that is not known": ([images(UNKNOWN), puller()], []),
    "a whole policy that is not known": ([images(RepositoryPolicyText=UNKNOWN), puller()], []),
    "everyone but a partner": (
        [
            images(
                RepositoryPolicyText={
                    "Version": "2012-10-17",
                    "Statement": [allow(PULL, NotPrincipal={"AWS": STRANGER})],
                }
            ),
            puller(),
        ],
        [],
    ),
    "no policy": ([images(), puller()], ["ECR223"]),
    "a policy for another account, and a pattern": (
        [images({"AWS": STRANGER}), puller(f"{HERE}:repository/payments/*")],
        ["ECR223"],
    ),
    "one of several repositories": (
        [
            images({"AWS": STRANGER}),
            images({"AWS": ROOT}, RepositoryName="payments/web"),
            puller(f"{HERE}:repository/payments/*"),
        ],
        [],
    ),
    "a repository that is not in the templates": (
        [images({"AWS": STRANGER}), puller(f"{HERE}:repository/shop/*")],
        [],
    ),
    "an identity of an unknown account": (
        [images(), Template("puller", {"Resources": may(PULL, NAMED)})],
        [],
    ),
    "an identity of the same account": ([images(), puller(at=HOME)], []),
    "an identity that does not pull": (
        [images(), template(may("ecr:DescribeImages", NAMED), PARTNER, "reader")],
        [],
    ),
    "a repository of another Region": ([images({"AWS": ROOT}), puller(THERE)], ["ECR224"]),
    "any Region": ([images({"AWS": ROOT}), puller(NAMED.replace(HOME[1], "*"))], []),
    "a repository in both Regions": (
        [images({"AWS": ROOT}), images({"AWS": ROOT}, ELSEWHERE), puller(THERE)],
        [],
    ),
    "images that are copied": ([images({"AWS": ROOT}), puller(THERE), copied()], []),
    "images that are copied somewhere": (
        [images({"AWS": ROOT}), puller(THERE), copied(Region="${Token[any]}")],
        [],
    ),
    "images that are copied elsewhere": (
        [images({"AWS": ROOT}), puller(THERE), copied(Region="us-east-1")],
        ["ECR224"],
    ),
    "a cache in the Region": (
        [images({"AWS": ROOT}), puller(THERE), template({"Quay": CACHE_HERE}, ELSEWHERE, "cache")],
        [],
    ),
    "a generated name in the Region": (
        [images({"AWS": ROOT}), puller(THERE), images("*", ELSEWHERE, RepositoryName=ABSENT)],
        [],
    ),
    "a signing of other repositories": ([template(signed("shop/*", **may(PUSH, NAMED)))], []),
    "a pushing role that may sign": ([template(signed(**may(PUSH, NAMED, SIGN)))], []),
    "a signing of some of the repositories": (
        [template(signed("payments/*", **may(PUSH, "*")))],
        [],
    ),
    "a signing of any of the repositories": (
        [template(signed("payments/*", **may(PUSH, UNKNOWN)), Parameters={"Given": {}})],
        [],
    ),
    "a signing under a condition": (
        [
            template(
                {
                    **may(PUSH, NAMED),
                    "Signing": {**signed()["Signing"], "Condition": "IsProd"},
                },
                Conditions={"IsProd": {"Fn::Equals": [UNKNOWN, "prod"]}},
            )
        ],
        [],
    ),
    "a role with other policies": (
        [template(signed(**may(PUSH, NAMED, ManagedPolicyArns=["arn:aws:iam::aws:policy/A"])))],
        [],
    ),
    "a default that is an account": (reader(ROOT), []),
    "a default that is everyone": (reader("*"), ["ECR225"]),
    "a default of another parameter": (
        [template(images({"AWS": UNKNOWN}).body["Resources"], Parameters={"Given": "*"})],
        [],
    ),
    "the same role in one template": (
        [
            template(
                {
                    "First": may(PULL, NAMED, RoleName="deploy")["Task"],
                    "Second": may(PULL, NAMED, RoleName="deploy")["Task"],
                }
            )
        ],
        ["ECR226"],
    ),
    "roles with generated names": (
        [template({"First": may(PULL, NAMED)["Task"], "Second": may(PULL, NAMED)["Task"]})],
        [],
    ),
    "the same role under conditions that may exclude each other": (
        [
            template(
                {
                    "First": {**may(PULL, NAMED, RoleName="a")["Task"], "Condition": "IsProd"},
                    "Second": {**may(PULL, NAMED, RoleName="a")["Task"], "Condition": "IsDev"},
                },
                Conditions={
                    "IsProd": {"Fn::Equals": [UNKNOWN, "prod"]},
                    "IsDev": {"Fn::Equals": [UNKNOWN, "dev"]},
                },
            )
        ],
        [],
    ),
    "a role in templates of unknown accounts": (
        [
            Template(name, {"Resources": may(PULL, NAMED, RoleName="deploy")})
            for name in ("first", "second")
        ],
        [],
    ),
    "one provider in two Regions": (
        [
            template({"Provider": provider()}, HOME, "first"),
            template({"Provider": provider()}, ELSEWHERE, "second"),
        ],
        ["ECR226"],
    ),
    "providers of two systems": (
        [template({"First": provider(), "Second": provider("https://gitlab.com")})],
        [],
    ),
}


@pytest.mark.parametrize(("templates", "expected"), CASES.values(), ids=CASES)
def test_identities_are_compared(templates: Sequence[Template], expected: list[str]) -> None:
    """What is not known to be wrong is not reported."""
    rules = {finding.rule for finding in check(templates)} & OURS

    assert expected == sorted(rules)
