"""Lifecycle policies that ECR rejects, and those that do something else than they seem to."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import CheckFunction, Problem, Rule, rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.lifecycle import POLICY_TYPES, context_of, policy_of
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.lint import Finding

_TYPES = POLICY_TYPES
_GRAMMAR = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html"
_EVALUATION = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html"
_UNMATCHED = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html"


@rule(
    "ECR101",
    Severity.ERROR,
    "A lifecycle policy is one that ECR accepts",
    types=_TYPES,
    why="ECR refuses the policy when the stack is deployed; templates are validated without "
    "looking into it.",
    remedy="Write it with ecr_constructs.LifecyclePolicy, which refuses the same where you write "
    "it.",
    source=_GRAMMAR,
)
def accepted_policy(resource: Resource) -> Iterator[Problem]:
    """Check the grammar and the length."""
    stated = policy_of(resource)
    if stated.is_rejected:
        for error in stated.errors:
            yield Problem(stated.path, error.message, error.remedy)


@rule(
    "ECR102",
    Severity.WARNING,
    "A repository has a lifecycle policy",
    types=_TYPES,
    why="Without one it keeps every image permanently, and is paid for by the gigabyte.",
    remedy="Add LifecyclePolicy; let untagged images expire at least.",
    source=_EVALUATION,
    controls=(
        "Security Hub ECR.3",
        "CT.ECR.PR.1",
        "prowler ecr_repositories_lifecycle_policy_enabled",
    ),
)
def has_policy(resource: Resource) -> Iterator[Problem]:
    """Find a missing policy; a cache's images are best kept, so its template needs none."""
    for_caches = "PULL_THROUGH_CACHE" in str(resource.get("AppliedFor"))
    if resource.is_known and policy_of(resource).text is None and not for_caches:
        yield Problem(("Properties",), "every image is kept permanently")


def _lint_findings(resource: Resource) -> tuple[Finding, ...]:
    """Return the findings about a policy that ECR accepts."""
    if "lint" not in resource.memo:
        stated = policy_of(resource)
        policy = stated.policy if stated.text is not None and stated.is_resolved else None
        resource.memo["lint"] = () if policy is None else policy.lint(context=context_of(resource))
    findings: tuple[Finding, ...] = resource.memo["lint"]
    return findings


def _from_lint(finding_id: str) -> CheckFunction:
    def judge(resource: Resource) -> Iterator[Problem]:
        path = policy_of(resource).path
        for finding in _lint_findings(resource):
            if finding.id == finding_id:
                yield Problem(path, finding.sentence.rstrip("."), finding.remedy)

    return judge


SHADOWED: Rule = rule(
    "ECR111",
    Severity.WARNING,
    "Every lifecycle rule can act",
    types=_TYPES,
    why="An image that a rule selects is locked against all rules after it, even if the first one "
    "spares it. A rule behind a wider one never acts.",
    remedy="Give it a lower priority number, or delete it.",
    source=_EVALUATION,
)(_from_lint("LC001"))
CONJUNCTION: Rule = rule(
    "ECR112",
    Severity.WARNING,
    "A list of tags is meant to match together",
    types=_TYPES,
    why="An image is selected only if its tags match ALL the patterns or prefixes of the list: a "
    "list of what to keep protects nearly nothing.",
    remedy="Write one rule for each pattern.",
    source=_GRAMMAR,
)(_from_lint("LC002"))
IMPOSSIBLE: Rule = rule(
    "ECR113",
    Severity.ERROR,
    "Tag patterns can match tags",
    types=_TYPES,
    why="Patterns are no regular expressions: '*' is the only wildcard, and a rule that matches "
    "nothing protects nothing.",
    remedy="Write the tags as they are pushed.",
    source=_UNMATCHED,
)(_from_lint("LC003"))
CACHED: Rule = rule(
    "ECR114",
    Severity.ERROR,
    "Images of a pull through cache are not deleted for having no tag",
    types=_TYPES,
    why="What is pulled by digest through a cache is untagged, in use or not.",
    remedy="Archive what was not pulled for long, and expire from the archive.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html",
)(_from_lint("LC006"))
DELETES_ALL: Rule = rule(
    "ECR115",
    Severity.WARNING,
    "A lifecycle policy keeps something",
    types=_TYPES,
    why="A policy that only counts days deletes what runs in production, once nothing was pushed "
    "for that long.",
    remedy="Keep some images before it: imageCountMoreThan with the tags of releases.",
    source=_EVALUATION,
)(_from_lint("LC007"))
PULLED_BY_ANYONE: Rule = rule(
    "ECR116",
    Severity.WARNING,
    "A rule that counts from the last pull leaves out scanners and mirrors",
    types=_TYPES,
    why="Their pulls count too: what they pull is never archived.",
    remedy="Define AWS::ECR::PullTimeUpdateExclusion for their roles.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"
    "API_RegisterPullTimeUpdateExclusion.html",
)(_from_lint("LC008"))
ARCHIVED_TWICE: Rule = rule(
    "ECR117",
    Severity.WARNING,
    "A rule for archived images expires them",
    types=_TYPES,
    why="A rule that archives images of the archive never acts, and keeps them from later rules.",
    remedy="Leave out storageClass to archive images, or write the action expire.",
    source=_GRAMMAR,
)(_from_lint("LC009"))
