"""Explain the outcome of an image in one sentence."""

from datetime import datetime, timedelta

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation
from ecr_constructs.model.lifecycle.simulation.relations import ARCHIVE, EXPIRE

_SHORT_LENGTH = 19  # "sha256:" and twelve digits, as docker shows them.
_PARTICIPLES = {EXPIRE: "deleted", ARCHIVE: "archived"}


def short(digest: str) -> str:
    """Shorten a digest for display."""
    return digest[:_SHORT_LENGTH]


def explain(evaluation: Evaluation, rank: int) -> str:
    """Return the reason for the outcome of the image with this rank."""
    image, now = evaluation.ranking.images[rank], evaluation.ranking.now
    if evaluation.root_image(rank) != rank:
        assert image.subject
        participle = _PARTICIPLES[evaluation.actions[rank]]
        subject = short(image.subject)
        return f"refers to {subject}, which is {participle}, and follows it within 24 hours"
    result = evaluation.deciding_result(rank)
    if result is None:
        return "no rule identifies it"
    reason = f"identified by rule {result.rule.rule_priority}, which {effect(result.rule)}"
    if result.rule.count_type != "imageCountMoreThan":
        reason += f"; it {age(image, result.rule, now)}"
    elif result.counted >> rank & 1:
        reason += f"; this is number {evaluation.position(result, rank):,}"
    else:
        reason += " and does not count it"
    return reason + _exception(evaluation, rank)


def effect(rule: LifecycleRule) -> str:
    """Return what a rule does, after "rule 1, which"."""
    verb = "deletes" if rule.action == "expire" else "archives"
    number = int(rule.count_number)
    if rule.protects:
        return "keeps all of them"
    if rule.count_type == "imageCountMoreThan":
        rest = "" if rule.action == "expire" else " and archives the others"
        return f"keeps the newest {number:,}{rest}"
    when = {
        "sinceImagePushed": "pushed",
        "sinceImagePulled": "last pulled",
        "sinceImageTransitioned": "archived",
    }[rule.count_type]
    return f"{verb} what was {when} more than {pluralize(number, 'day')} ago"


def age(image: Image, rule: LifecycleRule, now: datetime) -> str:
    """Return the age that a rule looks at, after the name of the image."""
    if image.status == "ACTIVATING":
        return "is being restored"
    if rule.count_type == "sinceImageTransitioned":
        if image.last_archived_at is None:
            return "was archived at an unknown time"
        return f"was archived {ago(now - image.last_archived_at)}"
    pushed = image.pushed_clock(now)
    start = "restored" if image.last_activated_at else "pushed"
    if rule.count_type == "sinceImagePushed":
        return f"was {start} {ago(now - pushed)}"
    pulled = image.pulled_clock(now)
    if pulled == image.last_recorded_pull_time:
        return f"was last pulled {ago(now - pulled)}"
    return f"was {start} {ago(now - pulled)} and not pulled since"


def ago(elapsed: timedelta) -> str:
    """Format an age in days, or in hours below two days."""
    if elapsed < timedelta():
        return "after that instant"
    if elapsed == timedelta(days=elapsed.days):
        return f"exactly {pluralize(elapsed.days, 'day')} ago"
    if elapsed.days > 1:
        return f"{elapsed.days:,} days ago"
    return f"{pluralize(int(elapsed.total_seconds() // 3600), 'hour')} ago"


def _exception(evaluation: Evaluation, rank: int) -> str:
    """Return what protects an image that a rule marks."""
    if wait := evaluation.waits.get(rank):
        return f"; waits for the index {short(evaluation.ranking.images[wait.after].digest)}"
    if evaluation.actions[rank]:
        return ""
    if evaluation.rule_actions[rank]:
        for index in evaluation.relations.listed_by[rank]:
            image = evaluation.ranking.images[index]
            if not evaluation.actions[index] and not image.archived:
                return f", but the index {short(image.digest)} lists it and stays"
        return ", but an index that lists it is archived and not deleted"
    if later := evaluation.shadowed_result(rank):
        return f"; rule {later.rule.rule_priority} would mark it, but comes later"
    return ""
