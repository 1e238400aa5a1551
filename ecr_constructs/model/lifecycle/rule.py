"""One lifecycle rule."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Self

from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.lifecycle.rule_grammar import rule_errors
from ecr_constructs.model.validation import raise_if_invalid, require_list

# How many images a rule that protects keeps: more than any repository can hold.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html (100,000, adjustable)
_ALL_IMAGES = 999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRule:
    """A selection of images and what happens to those that are too many or too old.

    The factories write the usual rules; the fields take every other one that ECR accepts. A rule
    that lists several tag patterns (or prefixes) selects the images that match ALL of them; write
    one rule for each where any one of them shall do. Tags, descriptions and ``count_number`` may
    be known only at deploy time; the other fields decide what else a rule must say.

    Attributes:
        tag_status: ``tagged``, ``untagged`` or ``any``.
        count_type: ``imageCountMoreThan``, ``sinceImagePushed``, ``sinceImagePulled`` (archives
            only) or ``sinceImageTransitioned`` (expires archived images only, after 90 days or
            more).
        count_number: Images that are kept, or days that must have passed; at least 1.
        count_unit: ``days``. Default: days for the count types that need it.
        tag_pattern_list: Patterns with at most four ``*`` each; ``*`` is the only wildcard.
        tag_prefix_list: Beginnings of tags, taken literally.
        storage_class: ``archive`` to look at archived images. Default: the standard class.
        action: ``expire`` or ``transition``.
        target_storage_class: ``archive``. Default: archive for a transition.
        rule_priority: Unique, at least 1; lower numbers are applied first. Default: the place in
            the policy.
        description: What the rule is for.

    Raises:
        ValueError: Everything that ECR would refuse, at once.
    """

    tag_status: str
    count_type: str
    count_number: int | float
    count_unit: str | None = None
    tag_pattern_list: Sequence[str] = ()
    tag_prefix_list: Sequence[str] = ()
    storage_class: str | None = None
    action: str = "expire"
    target_storage_class: str | None = None
    rule_priority: int | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        """Settle what follows from other fields, then judge the whole."""
        settle = object.__setattr__
        for name in ("tag_pattern_list", "tag_prefix_list"):
            require_list(name, getattr(self, name) or ())
            settle(self, name, tuple(getattr(self, name)))
        if self.storage_class == "standard":
            settle(self, "storage_class", None)
        if self.count_unit is None and str(self.count_type).startswith("since"):
            settle(self, "count_unit", "days")
        if self.target_storage_class is None and self.action == "transition":
            settle(self, "target_storage_class", "archive")
        text = compact(self.to_dict())
        raise_if_invalid("lifecycle rule", text, _errors(text))

    @classmethod
    def expire_untagged(cls, *, after_days: int, description: str | None = None) -> Self:
        """Delete images without a tag, that many days after their push.

        Images of a multi-architecture index have no tag of their own; they go only after the
        index. Images pulled through a cache by digest have none either: not for caches.
        """
        return cls(
            tag_status="untagged",
            count_type="sinceImagePushed",
            count_number=after_days,
            description=description,
        )

    @classmethod
    def expire(
        cls,
        *,
        after_days: int,
        tag_patterns: Sequence[str] = (),
        tag_prefixes: Sequence[str] = (),
        description: str | None = None,
    ) -> Self:
        """Delete images that many days after their push, in use or not.

        Args:
            after_days: Days; an image goes when it is older.
            tag_patterns: Only images with tags that match every pattern. Default: all images.
            tag_prefixes: Only images with tags that begin with every prefix. Default: all images.
            description: What the rule is for. Default: none.
        """
        return cls(
            **_selecting(tag_patterns, tag_prefixes),
            count_type="sinceImagePushed",
            count_number=after_days,
            description=description,
        )

    @classmethod
    def keep_last(
        cls,
        count: int,
        *,
        tag_patterns: Sequence[str] = (),
        tag_prefixes: Sequence[str] = (),
        description: str | None = None,
    ) -> Self:
        """Keep that many of the newest images and delete the older ones.

        Args:
            count: Images that are kept.
            tag_patterns: Count only images with tags that match every pattern. Default: all.
            tag_prefixes: Count only images with tags that begin with every prefix. Default: all.
            description: What the rule is for. Default: none.
        """
        return cls(
            **_selecting(tag_patterns, tag_prefixes),
            count_type="imageCountMoreThan",
            count_number=count,
            description=description,
        )

    @classmethod
    def protect(cls, tag_pattern: str, *, description: str | None = None) -> Self:
        """Keep every image with a tag that matches the pattern, whatever later rules say.

        It works by selecting the image first: an image that one rule selects is out of reach of
        the rules after it. Put it before them, and write one for each pattern.
        """
        return cls.keep_last(_ALL_IMAGES, tag_patterns=[tag_pattern], description=description)

    @classmethod
    def archive(
        cls,
        *,
        not_pulled_for_days: int | None = None,
        after_days: int | None = None,
        tag_patterns: Sequence[str] = (),
        tag_prefixes: Sequence[str] = (),
        description: str | None = None,
    ) -> Self:
        """Move images to the archive storage class; they must be restored before a pull.

        Args:
            not_pulled_for_days: Days without a pull. Either this or ``after_days``.
            after_days: Days since the push. Either this or ``not_pulled_for_days``.
            tag_patterns: Only images with tags that match every pattern. Default: all images.
            tag_prefixes: Only images with tags that begin with every prefix. Default: all images.
            description: What the rule is for. Default: none.
        """
        days = not_pulled_for_days if after_days is None else after_days
        if days is None or None not in (not_pulled_for_days, after_days):
            got = "none" if days is None else "both"
            msg = f"archive needs exactly one of not_pulled_for_days and after_days, got {got}"
            raise ValueError(msg)
        return cls(
            **_selecting(tag_patterns, tag_prefixes),
            count_type="sinceImagePulled" if after_days is None else "sinceImagePushed",
            count_number=days,
            action="transition",
            description=description,
        )

    @classmethod
    def expire_archived(cls, *, after_days: int, description: str | None = None) -> Self:
        """Delete images that many days, at least 90, after they were archived."""
        return cls(
            tag_status="any",
            storage_class="archive",
            count_type="sinceImageTransitioned",
            count_number=after_days,
            description=description,
        )

    @property
    def protects(self) -> bool:
        """Whether the rule keeps every image that it selects."""
        return self.count_type == "imageCountMoreThan" and self.count_number >= _ALL_IMAGES

    def to_dict(self) -> dict[str, Any]:
        """Return the rule's JSON, keys in the order of ECR's own examples, absent ones left out."""
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
        """Return the rule of a sound JSON object; `LifecyclePolicy.from_json` judges it first."""
        flat = {**rule, **rule["selection"], "action": rule["action"]["type"]}
        flat["targetStorageClass"] = rule["action"].get("targetStorageClass")
        return cls(**{f.name: flat[key] for f in fields(cls) if (key := _camel(f.name)) in flat})


@lru_cache(maxsize=1024)
def _errors(text: str) -> tuple[str, ...]:
    # Judged once: the repositories of a company repeat the same few rules.
    return tuple(map(str, rule_errors(json.loads(text))))


def _selecting(patterns: Sequence[str], prefixes: Sequence[str]) -> dict[str, Any]:
    status = "tagged" if patterns or prefixes else "any"
    return {"tag_status": status, "tag_pattern_list": patterns, "tag_prefix_list": prefixes}


def _present(key: str, value: object) -> dict[str, object]:
    return {} if value is None else {key: value}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))
