"""What the keys, topics and event rules of templates are for: images, or events about them."""

from collections.abc import Mapping, Sequence

from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    EVENT_RULE,
    KEY,
    REPOSITORY,
    TOPIC,
)
from ecr_constructs.model.event_pattern import read_pattern
from ecr_constructs.model.usage import PULLS_NAMESPACE

_EVENT_SOURCES = ("aws.ecr", "aws.inspector2")


def is_about_images(pattern: object) -> bool:
    """Tell whether an event pattern matches events of ECR, or of Inspector about images."""
    sources = pattern.get("source") if isinstance(pattern, Mapping) else None
    return isinstance(sources, list) and any(source in _EVENT_SOURCES for source in sources)


def event_targets(templates: TemplateSet) -> Sequence[tuple[Mapping[str, object], Resource]]:
    """Return the targets of event rules for ECR that are resources of the templates."""
    return templates.memoized(_event_targets)


def _event_targets(templates: TemplateSet) -> Sequence[tuple[Mapping[str, object], Resource]]:
    return [
        (target, resource)
        for rule in templates.of_type(EVENT_RULE)
        if is_about_images(read_pattern(rule.get("EventPattern")))
        for _, target in rule.mappings("Targets")
        if (resource := templates.referred_to(target.get("Arn"))) is not None
    ]


def topics_of_events(templates: TemplateSet) -> frozenset[Resource]:
    """Return the topics that event rules for ECR send to."""
    return templates.memoized(_topics_of_events)


def _topics_of_events(templates: TemplateSet) -> frozenset[Resource]:
    return frozenset(item for _, item in event_targets(templates) if item.type == TOPIC)


def is_about_pulls(alarm: Resource) -> bool:
    """Tell whether an alarm is on a metric of ECR, also by metric math."""
    metrics = [item.get("MetricStat") for _, item in alarm.mappings("Metrics")]
    stats = [stat.get("Metric") for stat in metrics if isinstance(stat, Mapping)]
    namespaces = [metric.get("Namespace") for metric in stats if isinstance(metric, Mapping)]
    return PULLS_NAMESPACE in [alarm.get("Namespace"), *namespaces]


def topics_of(policy: Resource) -> Sequence[object]:
    """Return the topics of a topic policy of either type."""
    topics = policy.get("Topics") or policy.get("TopicArn")
    return topics if isinstance(topics, list) else [topics]


def user_of_key(key: Resource) -> Resource | None:
    """Return a repository or creation template whose images a key encrypts."""
    return key.assembly.memoized(_users_by_key).get(key)


def _users_by_key(templates: TemplateSet) -> Mapping[Resource, Resource]:
    users: dict[Resource, Resource] = {}
    for resource in templates.of_type(REPOSITORY, CREATION_TEMPLATE):
        key = templates.referred_to(resource.get("EncryptionConfiguration", "KmsKey"))
        if key is not None:
            users.setdefault(key, resource)
    return users


def serves_ecr(resource: Resource) -> bool:
    """Tell whether a key encrypts images or their events, or a policy is of their topic."""
    templates = resource.assembly
    if resource.type == KEY:
        return user_of_key(resource) is not None or resource in templates.memoized(_keys_of_topics)
    topics = topics_of_events(templates)
    return any(templates.referred_to(topic) in topics for topic in topics_of(resource))


def _keys_of_topics(templates: TemplateSet) -> frozenset[Resource]:
    topics = topics_of_events(templates)
    keys = {templates.referred_to(topic.get("KmsMasterKeyId")) for topic in topics}
    return frozenset(filter(None, keys))
