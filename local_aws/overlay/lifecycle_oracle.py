"""How ECR evaluates a lifecycle policy: slowly, and so that it is obvious.

Written from AWS's documents alone, apart from the library's model, so that comparing the two
means something. Everything is plain JSON: images as DescribeImages describes them, with the
digests that an index lists under `references`; the policy as it is stored. Nothing is imported
but the standard library.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Json = Any
SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Answers:
    """What the documents leave open.

    Args:
        listed_order_breaks_ties: Of two images with one timestamp the later listed one is the
            newer. By default it is the one that an earlier rule identifies, then the one with
            the lower digest.
        children_take_places: An image that an index lists uses up a place of a count.
        referrers_take_places: An image with a subject uses up a place of a count.
        archived_index_releases: An archived index does not keep what it lists from deletion.
    """

    listed_order_breaks_ties: bool = False
    children_take_places: bool = True
    referrers_take_places: bool = True
    archived_index_releases: bool = True


@dataclass
class Verdict:
    """What becomes of one image.

    Args:
        action: EXPIRE, TRANSITION, or None for an image that stays.
        priority: The rule that identified the image first, or the rule of the image that it
            follows.
        follows: Whether it goes only because the image goes that it refers to.
    """

    action: str | None = None
    priority: int | None = None
    follows: bool = False


@dataclass
class _Rule:
    """A rule, with the digests that it identifies and marks."""

    priority: int
    action: str
    selection: Json
    identified: set[str] = field(default_factory=set)
    marked: set[str] = field(default_factory=set)


def evaluate(
    policy: Json, images: list[Json], now: float, answers: Answers | None = None
) -> dict[str, Verdict]:
    """Return what becomes of each image, by digest.

    Args:
        policy: `{"rules": [...]}`.
        images: The images, each once; their times are seconds since 1970.
        now: Seconds since 1970.
        answers: To what the documents leave open. Default: those that delete more.
    """
    answers = answers or Answers()
    verdicts, indexes = _by_rules(policy, images, now, answers)
    return _settled(verdicts, images, indexes, answers)


def previewed(
    policy: Json, images: list[Json], now: float, answers: Answers | None = None
) -> dict[str, Verdict]:
    """Return what ECR's own preview lists: what a rule acts on that no index keeps at this instant.

    An index that goes is still there, so that what it lists is not in the preview yet; nor is what
    only follows the image that it refers to.
    """
    answers = answers or Answers()
    verdicts, indexes = _by_rules(policy, images, now, answers)
    none_gone: dict[str, set[Any]] = {image["imageDigest"]: set() for image in images}
    return {
        digest: verdict
        for digest, verdict in verdicts.items()
        if verdict.action
        and verdict.action not in _kept_from(indexes.get(digest, []), none_gone, answers)
    }


def _by_rules(
    policy: Json, images: list[Json], now: float, answers: Answers
) -> tuple[dict[str, Verdict], dict[str, list[Json]]]:
    """Return what the rules alone do to each image, and the indexes that list each."""
    rules = [
        _Rule(rule["rulePriority"], rule["action"]["type"], rule["selection"])
        for rule in policy["rules"]
    ]
    rules.sort(key=lambda rule: rule.priority)
    indexes = _indexes(images)
    for rule in rules:
        for image in images:
            if identifies(rule.selection, image):
                rule.identified.add(image["imageDigest"])
    for rule in rules:
        rule.marked = _marked(rule, rules, images, indexes, now=now, answers=answers)
    return {image["imageDigest"]: _verdict(image, rules) for image in images}, indexes


def _indexes(images: list[Json]) -> dict[str, list[Json]]:
    """Return for each digest the indexes that list it."""
    parents: dict[str, list[Json]] = {}
    for index in images:
        for digest in index.get("references", []):
            if digest != index["imageDigest"]:
                parents.setdefault(digest, []).append(index)
    return parents


def identifies(selection: Json, image: Json) -> bool:
    """Tell whether a rule's selection, but for its count, is one of this image."""
    wanted = selection.get("storageClass", "standard")
    if wanted != ("archive" if image.get("imageStatus") == "ARCHIVED" else "standard"):
        return False
    tags = image.get("imageTags", [])
    if selection["tagStatus"] == "any":
        return True
    if selection["tagStatus"] == "untagged":
        return not tags
    patterns = [re.escape(prefix) + ".*" for prefix in selection.get("tagPrefixList", [])]
    patterns += [
        ".*".join(re.escape(part) for part in pattern.split("*"))
        for pattern in selection.get("tagPatternList", [])
    ]
    return all(any(re.fullmatch(pattern, tag, re.DOTALL) for tag in tags) for pattern in patterns)


def pushed(image: Json, now: float) -> float:
    """Return when the image was pushed, or restored, which is as good."""
    if image.get("imageStatus") == "ACTIVATING":
        return now
    restored: float | None = image.get("lastActivatedAt")
    return float(image["imagePushedAt"] if restored is None else restored)


def pulled(image: Json, now: float) -> float:
    """Return when the image was last pulled, or else pushed or restored."""
    last = image.get("lastRecordedPullTime")
    if last is None:
        return pushed(image, now)
    was_restored = image.get("imageStatus") == "ACTIVATING" or "lastActivatedAt" in image
    return max(last, pushed(image, now)) if was_restored else float(last)


def _marked(
    rule: _Rule,
    rules: list[_Rule],
    images: list[Json],
    indexes: dict[str, list[Json]],
    *,
    now: float,
    answers: Answers,
) -> set[str]:
    count_type, number = rule.selection["countType"], rule.selection["countNumber"]
    identified = [image for image in images if image["imageDigest"] in rule.identified]
    if count_type == "imageCountMoreThan":
        counted = [image for image in identified if _takes_a_place(image, indexes, answers)]
        # Sorting is stable: what comes first of two with one timestamp counts as the newer.
        if answers.listed_order_breaks_ties:
            counted.reverse()
        else:
            counted.sort(key=lambda image: image["imageDigest"])
            counted.sort(key=lambda image: not _is_seen(image, rule, rules))
        counted.sort(key=lambda image: pushed(image, now), reverse=True)
        return {image["imageDigest"] for image in counted[number:]}
    marked = set()
    for image in identified:
        if count_type == "sinceImagePushed":
            clock = pushed(image, now)
        elif count_type == "sinceImagePulled":
            clock = pulled(image, now)
        else:
            clock = image["lastArchivedAt"]
        if now - clock > number * SECONDS_A_DAY:
            marked.add(image["imageDigest"])
    return marked


def _is_seen(image: Json, by: _Rule, rules: list[_Rule]) -> bool:
    """Tell whether an earlier rule identifies the image."""
    earlier = [rule for rule in rules if rule.priority < by.priority]
    return any(image["imageDigest"] in rule.identified for rule in earlier)


def _takes_a_place(image: Json, indexes: dict[str, list[Json]], answers: Answers) -> bool:
    if not answers.referrers_take_places and "subjectManifestDigest" in image:
        return False
    return answers.children_take_places or image["imageDigest"] not in indexes


def _verdict(image: Json, rules: list[_Rule]) -> Verdict:
    digest = image["imageDigest"]
    for rule in rules:
        if digest in rule.identified:
            if digest not in rule.marked:
                return Verdict(None, rule.priority)
            if rule.action == "expire":
                return Verdict("EXPIRE", rule.priority)
            is_archived = image.get("imageStatus") == "ARCHIVED"
            return Verdict(None if is_archived else "TRANSITION", rule.priority)
    return Verdict()


def _settled(
    verdicts: dict[str, Verdict],
    images: list[Json],
    indexes: dict[str, list[Json]],
    answers: Answers,
) -> dict[str, Verdict]:
    """Keep what an index keeps, and send along what refers to an image that goes.

    The two depend on each other, as an SBOM may be an index. So: suppose that all goes that
    could, then take back what may not, until nothing is left to take back.
    """
    could = {
        digest: {verdict.action} if verdict.action else set()
        for digest, verdict in verdicts.items()
    }
    changed = True
    while changed:
        changed = False
        for image in images:
            digest = image["imageDigest"]
            more = could[digest] | _actions_of_subject(image, could)
            changed = changed or more != could[digest]
            could[digest] = more
    changed = True
    while changed:
        changed = False
        for image in images:
            digest = image["imageDigest"]
            wanted = {verdicts[digest].action} | _actions_of_subject(image, could)
            listed_by = indexes.get(digest, [])
            fewer = (could[digest] & wanted) - _kept_from(listed_by, could, answers)
            changed = changed or fewer != could[digest]
            could[digest] = fewer
    subjects = {image["imageDigest"]: image.get("subjectManifestDigest") for image in images}
    return {digest: _final(digest, could, verdicts, subjects) for digest in verdicts}


def _actions_of_subject(image: Json, could: dict[str, set[Any]]) -> set[Any]:
    """Return what may become of an image because it becomes of the one it refers to."""
    subject = image.get("subjectManifestDigest")
    if subject not in could or subject == image["imageDigest"]:
        return set()
    archived = image.get("imageStatus") == "ARCHIVED"
    return could[subject] - ({"TRANSITION"} if archived else set())


def _kept_from(indexes: list[Json], could: dict[str, set[Any]], answers: Answers) -> set[Any]:
    """Return what may not become of an image that these indexes list."""
    forbidden = set()
    for index in indexes:
        goes = could[index["imageDigest"]]
        if "EXPIRE" in goes:
            continue
        in_archive = "TRANSITION" in goes or index.get("imageStatus") == "ARCHIVED"
        if not (in_archive and answers.archived_index_releases):
            forbidden.add("EXPIRE")
        if not in_archive:
            forbidden.add("TRANSITION")
    return forbidden


def _final(
    digest: str, could: dict[str, set[Any]], verdicts: dict[str, Verdict], subjects: dict[str, Any]
) -> Verdict:
    own = verdicts[digest]
    if not could[digest]:
        return Verdict(None, own.priority)
    action = "EXPIRE" if "EXPIRE" in could[digest] else "TRANSITION"
    if own.action == action:
        return own
    leader = _final(subjects[digest], could, verdicts, subjects)
    return Verdict(action, leader.priority, follows=True)
