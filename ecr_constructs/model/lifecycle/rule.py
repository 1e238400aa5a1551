"""One lifecycle rule, and the phrases that describe it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Annotated, Any, Literal, Protocol, Self

from ecr_constructs.model.arguments import UNCHECKED, Days, checked, days_of
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.lifecycle.grammar import (
    Action,
    CountType,
    StorageClass,
    TagStatus,
    rule_errors,
)
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, reject, require_list

# The count of a protecting rule: more images than any repository can hold.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html (100,000, adjustable)
_ALL_IMAGES = 999_999


# A tuple, because each `str | int` in the code makes a new type.
_PLAIN = (str, int, float, type(None))
_STOCK_COUNTS: dict[str, CountType] = {
    "max_image_age": "sinceImagePushed",
    "max_image_count": "imageCountMoreThan",
}


@checked
@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRule:
    """A rule that selects images and expires or archives the surplus or old ones.

    The factories create the usual rules; the fields accept every other rule that ECR accepts. A
    rule with several tag patterns (or prefixes) selects only images that match ALL of them; to
    match any one of them, write one rule for each. Tags, descriptions and ``count_number`` may be
    deploy-time values; the other fields must be plain values, because other keys depend on them.

    Attributes:
        tag_status: ``tagged``, ``untagged`` or ``any``.
        count_type: ``imageCountMoreThan``, ``sinceImagePushed``, ``sinceImagePulled`` (archives
            only) or ``sinceImageTransitioned`` (expires archived images only, after 90 days or
            more).
        count_number: The number of images to keep, or the age in days; at least 1.
        count_unit: ``days``. Default: ``days`` for the count types that need it.
        tag_pattern_list: Patterns with at most four ``*`` each; ``*`` is the only wildcard.
        tag_prefix_list: Literal prefixes of tags.
        storage_class: ``archive`` to select archived images. Default: the standard class.
        action: ``expire`` or ``transition``.
        target_storage_class: ``archive``. Default: ``archive`` for a transition.
        rule_priority: Unique, at least 1; lower numbers are applied first. Default: the position
            in the policy.
        description: The purpose of the rule.

    Raises:
        ValidationError: ECR would reject the rule; the error lists every problem.

    Example:
        >>> rule = LifecycleRule.keep_last(20, tag_patterns=["v*"])
        >>> rule.to_dict()["selection"]["countNumber"]
        20
    """

    tag_status: TagStatus
    count_type: CountType
    count_number: Annotated[int | float, UNCHECKED]
    count_unit: Literal["days"] | None = None
    tag_pattern_list: Sequence[Annotated[str, UNCHECKED]] = ()
    tag_prefix_list: Sequence[Annotated[str, UNCHECKED]] = ()
    storage_class: StorageClass | None = None
    action: Action = "expire"
    target_storage_class: Literal["archive"] | None = None
    rule_priority: Annotated[int | None, UNCHECKED] = None
    description: str | None = None

    def __post_init__(self) -> None:
        """Fill in the defaults that depend on other fields, then validate the rule."""
        set_field = object.__setattr__
        if hasattr(self.count_number, "to_days"):
            set_field(self, "count_number", days_of("count_number", self.count_number))
        raise_if_invalid("lifecycle rule", self, self._type_errors())
        for name in ("tag_pattern_list", "tag_prefix_list"):
            require_list(name, getattr(self, name) or ())
            set_field(self, name, tuple(getattr(self, name)))
        if self.storage_class == "standard":
            set_field(self, "storage_class", None)
        if self.count_unit is None and str(self.count_type).startswith("since"):
            set_field(self, "count_unit", "days")
        if self.target_storage_class is None and self.action == "transition":
            set_field(self, "target_storage_class", "archive")
        text = compact(self.to_dict())
        raise_if_invalid("lifecycle rule", text, _errors(text))

    def _type_errors(self) -> Iterator[Diagnostic]:
        """Yield values that are not JSON; the grammar checks those that are."""
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            for item in value if isinstance(value, (list, tuple)) else (value,):
                if not isinstance(item, _PLAIN):
                    message = f"must be plain text or a number, got an object of {type(item)}"
                    yield Diagnostic("wrong-type", message, name)

    @classmethod
    def _convert(cls, value: object) -> Self | None:
        """Return the rule of an ``ecr.LifecycleRule`` of CDK."""
        stock = getattr(value, "_values", {})
        if type(value).__name__ != cls.__name__:
            return None
        counts = {name: stock[name] for name in _STOCK_COUNTS if stock.get(name) is not None}
        if len(counts) != 1:
            message = f"needs exactly one of {' and '.join(_STOCK_COUNTS)}"
            reject("lifecycle rule", value, "lifecycle-rule-count", message)
        [(name, count)] = counts.items()
        patterns, prefixes = stock.get("tag_pattern_list"), stock.get("tag_prefix_list")
        selection = _selecting(patterns, prefixes)
        if status := stock.get("tag_status"):
            selection["tag_status"] = status
        return cls(
            **selection,
            count_type=_STOCK_COUNTS[name],
            count_number=days_of(name, count),
            rule_priority=stock.get("rule_priority"),
            description=stock.get("description"),
        )

    @classmethod
    def expire_untagged(cls, *, after_days: Days, description: str | None = None) -> Self:
        """Delete untagged images a number of days after their push.

        The images of a multi-architecture index are untagged; ECR deletes them only after the
        index. Do not use it for pull-through caches: images that are pulled through a cache by
        digest are untagged, too.
        """
        return cls(
            tag_status="untagged",
            count_type="sinceImagePushed",
            count_number=days_of("after_days", after_days),
            description=description,
        )

    @classmethod
    def expire(
        cls,
        *,
        after_days: Days,
        tag_patterns: Sequence[str] | None = (),
        tag_prefixes: Sequence[str] | None = (),
        description: str | None = None,
    ) -> Self:
        """Delete images a number of days after their push, whether or not they are in use.

        Args:
            after_days: The age in days, or a ``cdk.Duration``; older images are deleted.
            tag_patterns: Select only images with tags for every pattern. Default: all images.
            tag_prefixes: Select only images with tags for every prefix. Default: all images.
            description: The purpose of the rule. Default: none.
        """
        return cls(
            **_selecting(tag_patterns, tag_prefixes),
            count_type="sinceImagePushed",
            count_number=days_of("after_days", after_days),
            description=description,
        )

    @classmethod
    def keep_last(
        cls,
        count: int,
        *,
        tag_patterns: Sequence[str] | None = (),
        tag_prefixes: Sequence[str] | None = (),
        description: str | None = None,
    ) -> Self:
        """Keep a number of the newest images and delete the older ones.

        Args:
            count: The number of images to keep.
            tag_patterns: Count only images with tags for every pattern. Default: all images.
            tag_prefixes: Count only images with tags for every prefix. Default: all images.
            description: The purpose of the rule. Default: none.
        """
        return cls(
            **_selecting(tag_patterns, tag_prefixes),
            count_type="imageCountMoreThan",
            count_number=count,
            description=description,
        )

    @classmethod
    def protect(cls, tag_pattern: str, *, description: str | None = None) -> Self:
        """Keep every image with a tag that matches the pattern, regardless of later rules.

        ECR applies only the first rule that selects an image. List this rule before the rules
        that would delete the image, and add one rule for each pattern.
        """
        return cls.keep_last(_ALL_IMAGES, tag_patterns=[tag_pattern], description=description)

    @classmethod
    def archive(
        cls,
        *,
        not_pulled_for_days: Days | None = None,
        after_days: Days | None = None,
        tag_patterns: Sequence[str] | None = (),
        tag_prefixes: Sequence[str] | None = (),
        description: str | None = None,
    ) -> Self:
        """Move images to the archive storage class, where they cannot be pulled until restored.

        Args:
            not_pulled_for_days: Days since the last pull. Exclusive with ``after_days``.
            after_days: Days since the push. Exclusive with ``not_pulled_for_days``.
            tag_patterns: Select only images with tags for every pattern. Default: all images.
            tag_prefixes: Select only images with tags for every prefix. Default: all images.
            description: The purpose of the rule. Default: none.
        """
        days = not_pulled_for_days if after_days is None else after_days
        if days is None or None not in (not_pulled_for_days, after_days):
            ages = {"not_pulled_for_days": not_pulled_for_days, "after_days": after_days}
            got = "none" if days is None else "both"
            message = f"archive needs exactly one of {' and '.join(ages)}, got {got}"
            reject("lifecycle rule", ages, "archive-age-count", message)
        keyword = "not_pulled_for_days" if after_days is None else "after_days"
        return cls(
            **_selecting(tag_patterns, tag_prefixes),
            count_type="sinceImagePulled" if after_days is None else "sinceImagePushed",
            count_number=days_of(keyword, days),
            action="transition",
            description=description,
        )

    @classmethod
    def expire_archived(cls, *, after_days: Days, description: str | None = None) -> Self:
        """Delete images a number of days (at least 90) after they were archived."""
        return cls(
            tag_status="any",
            storage_class="archive",
            count_type="sinceImageTransitioned",
            count_number=days_of("after_days", after_days),
            description=description,
        )

    @property
    def protects(self) -> bool:
        """Whether the rule keeps every image that it selects."""
        return self.count_type == "imageCountMoreThan" and self.count_number >= _ALL_IMAGES

    def to_dict(self) -> dict[str, Any]:
        """Return the rule's JSON with the keys in the order of ECR's examples."""
        return {
            **_present("rulePriority", self.rule_priority),
            **_present("description", self.description),
            "selection": {
                "tagStatus": self.tag_status,
                **_present("tagPatternList", list(self.tag_pattern_list) or None),
                **_present("tagPrefixList", list(self.tag_prefix_list) or None),
                **_present("storageClass", self.storage_class),
                "countType": self.count_type,
                **_present("countUnit", self.count_unit),
                "countNumber": self.count_number,
            },
            "action": {
                "type": self.action,
                **_present("targetStorageClass", self.target_storage_class),
            },
        }

    @classmethod
    def from_dict(cls, rule: dict[str, Any]) -> Self:
        """Return the rule of a valid JSON object; `LifecyclePolicy.from_json` validates first."""
        flat = {**rule, **rule["selection"], "action": rule["action"]["type"]}
        flat["targetStorageClass"] = rule["action"].get("targetStorageClass")
        keys = {field.name: _camel_case(field.name) for field in fields(cls)}
        return cls(**{name: flat[key] for name, key in keys.items() if key in flat})


def with_priority(rule: LifecycleRule, priority: int) -> LifecycleRule:
    """Return a rule with another priority."""
    # dataclasses.replace would validate the rule again, and copy.copy is slow too.
    numbered = object.__new__(type(rule))
    for name in rule.__dataclass_fields__:
        object.__setattr__(numbered, name, getattr(rule, name))
    object.__setattr__(numbered, "rule_priority", priority)
    return numbered


@lru_cache(maxsize=1024)
def _errors(text: str) -> tuple[Diagnostic, ...]:
    # Cached because the repositories of a company repeat the same few rules.
    return tuple(rule_errors(json.loads(text)))


def _selecting(patterns: Sequence[str] | None, prefixes: Sequence[str] | None) -> dict[str, Any]:
    status = "tagged" if patterns or prefixes else "any"
    return {
        "tag_status": status,
        "tag_pattern_list": patterns or (),
        "tag_prefix_list": prefixes or (),
    }


def _present(key: str, value: object) -> dict[str, object]:
    return {} if value is None else {key: value}


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


class HasRules(Protocol):
    """What the simulation and the findings need of a policy, which itself needs them."""

    @property
    def rules(self) -> tuple[LifecycleRule, ...]:
        """The rules, by priority."""

    def to_json(self) -> str:
        """Return the policy as compact JSON."""


_SINCE = {
    "sinceImagePushed": "after their push",
    "sinceImagePulled": "after their last pull",
    "sinceImageTransitioned": "after they were archived",
}


def rule_in_words(rule: LifecycleRule) -> str:
    """Return the effect of a rule: ``keep the newest 9 images, delete the older ones``."""
    if rule.protects:
        return f"keep every {_selection(rule, 'image')}"
    verb = "archive" if rule.action == "transition" else "delete"
    if rule.count_type == "imageCountMoreThan":
        return f"keep the newest {_count(rule)}, {verb} the older ones"
    days = "1 day" if rule.count_number == 1 else f"{_number(rule)} days"
    return f"{verb} {_selection(rule, 'images')} {days} {_SINCE[rule.count_type]}"


def _count(rule: LifecycleRule) -> str:
    if rule.count_number == 1:
        return _selection(rule, "image")
    return f"{_number(rule)} {_selection(rule, 'images')}"


def _number(rule: LifecycleRule) -> str:
    if is_unresolved(rule.count_number):
        return "(a deploy-time number of)"
    return f"{rule.count_number:,}"


def selected_in_words(rule: LifecycleRule) -> str:
    """Return the selection of a rule: ``images tagged v*``."""
    return _selection(rule, "images")


def _selection(rule: LifecycleRule, noun: str) -> str:
    if rule.storage_class == "archive":
        noun = f"archived {noun}"
    if rule.tag_status == "untagged":
        return f"untagged {noun}"
    tags = rule.tag_pattern_list or [f"{prefix}*" for prefix in rule.tag_prefix_list]
    return f"{noun} tagged {' and '.join(tags)}" if tags else noun
