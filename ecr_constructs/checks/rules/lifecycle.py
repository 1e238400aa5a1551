"""Lifecycle policies that ECR rejects, and those that do something else than they seem to."""

from collections.abc import Iterator
from functools import lru_cache

from ecr_constructs.checks.rule import (
    ECR_API,
    ECR_GUIDE,
    CheckFunction,
    Problem,
    Rule,
    each_choice,
    error_rule,
    note_rule,
    warning_rule,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.lifecycle import POLICY_TYPES, context_of, policy_of
from ecr_constructs.model.lifecycle.lint import Context, Finding
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

_GRAMMAR = f"{ECR_GUIDE}/lifecycle_policy_parameters.html"
_EVALUATION = f"{ECR_GUIDE}/LifecyclePolicies.html"
_UNMATCHED = f"{ECR_API}/API_ImageIdentifier.html"


@error_rule(
    "ECR101",
    "A lifecycle policy is one that ECR accepts",
    types=POLICY_TYPES,
    why="ECR rejects the policy when the stack is deployed; CloudFormation does not validate its "
    "text.",
    remedy="Correct the text as the message says; the documentation lists the keys and values.",
    source=_GRAMMAR,
)
@each_choice
def _accepted_policy(resource: Resource) -> Iterator[Problem]:
    stated = policy_of(resource)
    if stated.is_rejected:
        for error in stated.errors:
            yield Problem(stated.path, error.message, error.remedy)


@warning_rule(
    "ECR102",
    "A repository has a lifecycle policy",
    types=POLICY_TYPES,
    why="Without one it keeps every image permanently, and is paid for by the gigabyte.",
    remedy="Add LifecyclePolicy; let untagged images expire at least.",
    source=_EVALUATION,
    controls=(
        "Security Hub ECR.3",
        "CT.ECR.PR.1",
        "prowler ecr_repositories_lifecycle_policy_enabled",
    ),
)
def _has_policy(resource: Resource) -> Iterator[Problem]:
    """Find a missing policy; a cache's images are best kept, so its template needs none."""
    for_caches = "PULL_THROUGH_CACHE" in str(resource.get("AppliedFor"))
    if resource.is_known and policy_of(resource).text is None and not for_caches:
        yield Problem(("Properties",), "every image is kept permanently")


def _lint_findings(resource: Resource) -> tuple[Finding, ...]:
    """Return the findings about a policy that ECR accepts."""
    stated = policy_of(resource)
    policy = stated.policy if stated.text is not None and stated.is_resolved else None
    return () if policy is None else _lint(policy, context_of(resource))


# The repositories of a company repeat the same few policies.
@lru_cache(maxsize=1024)
def _lint(policy: LifecyclePolicy, context: Context) -> tuple[Finding, ...]:
    return policy.lint(context=context)


def _from_lint(finding_id: str) -> CheckFunction:
    def check(resource: Resource) -> Iterator[Problem]:
        path = policy_of(resource).path
        for finding in resource.memoized(_lint_findings):
            if finding.id == finding_id:
                yield Problem(path, finding.sentence.rstrip("."), finding.remedy)

    return check


SHADOWED: Rule = warning_rule(
    "ECR111",
    "Every lifecycle rule can act",
    types=POLICY_TYPES,
    why="An image that a rule selects is locked against all rules after it, even if the first one "
    "spares it. A rule behind a wider one never acts.",
    remedy="Give it a lower priority number, or delete it.",
    source=_EVALUATION,
)(_from_lint("LC001"))
CONJUNCTION: Rule = warning_rule(
    "ECR112",
    "A list of tags is meant to match together",
    types=POLICY_TYPES,
    why="An image is selected only if its tags match ALL the patterns or prefixes of the list: a "
    "list of what to keep protects nearly nothing.",
    remedy="Write one rule for each pattern.",
    source=_GRAMMAR,
)(_from_lint("LC002"))
IMPOSSIBLE: Rule = error_rule(
    "ECR113",
    "Tag patterns can match tags",
    types=POLICY_TYPES,
    why="Patterns are no regular expressions: '*' is the only wildcard, and a rule that matches "
    "nothing protects nothing.",
    remedy="Write the tags as they are pushed.",
    source=_UNMATCHED,
)(_from_lint("LC003"))
CACHED: Rule = warning_rule(
    "ECR114",
    "Images of a pull through cache that are pinned by digest are not deleted by age",
    types=POLICY_TYPES,
    why="What is pulled by digest through a cache is untagged, in use or not. ECR fetches a "
    "deleted tag again at its next pull, but not a digest: containers pinned by digest fail to "
    "start.",
    remedy="Archive what was not pulled for long, and expire from the archive.",
    source="https://github.com/aws/containers-roadmap/issues/2837",
)(_from_lint("LC006"))
DELETES_ALL: Rule = warning_rule(
    "ECR115",
    "A lifecycle policy keeps something",
    types=POLICY_TYPES,
    why="A policy that only counts days deletes what runs in production, once nothing was pushed "
    "for that long.",
    remedy="Keep some images before it: imageCountMoreThan with the tags of releases.",
    source=_EVALUATION,
)(_from_lint("LC007"))
PULLED_BY_ANYONE: Rule = note_rule(
    "ECR116",
    "A rule that counts from the last pull leaves out scanners and mirrors",
    types=POLICY_TYPES,
    why="Their pulls count too: what they pull is never archived.",
    remedy="Define AWS::ECR::PullTimeUpdateExclusion for their roles.",
    source=f"{ECR_API}/API_RegisterPullTimeUpdateExclusion.html",
)(_from_lint("LC008"))
