"""Why an image goes or stays, in one sentence."""

from datetime import datetime, timedelta

from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation
from ecr_constructs.model.lifecycle.simulation.marks import Marks, place_of
from ecr_constructs.model.lifecycle.simulation.relations import ARCHIVE, EXPIRE

_SHOWN = 19  # "sha256:" and twelve digits, as docker shows them.
_GOES = {EXPIRE: "deleted", ARCHIVE: "archived"}


def short(digest: str) -> str:
    """Shorten a digest for people."""
    return digest[:_SHOWN]


def explain(evaluation: Evaluation, rank: int) -> str:
    """Say why the image of this rank goes or stays."""
    leader = evaluation.leader(rank)
    if leader != rank:
        subject, goes = evaluation.ranking.images[rank].subject, _GOES[evaluation.deeds[rank]]
        assert subject
        return f"refers to {short(subject)}, which is {goes}, and follows it within 24 hours"
    marks = evaluation.owner(rank)
    if marks is None:
        return "no rule identifies it"
    image, now = evaluation.ranking.images[rank], evaluation.ranking.now
    said = f"identified by rule {marks.rule.rule_priority}, which {_promise(marks.rule)}"
    if marks.rule.count_type != "imageCountMoreThan":
        said += f"; it {_age(image, marks.rule, now)}"
    elif marks.counted >> rank & 1:
        place = place_of(marks, rank, evaluation.readings.ties)
        said += f"; this is number {place:,}"
    else:
        said += " and does not count it"
    return said + _but(evaluation, rank, marks)


def _promise(rule: LifecycleRule) -> str:
    verb, number = _verb(rule), int(rule.count_number)
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
    return f"{verb} what was {when} more than {number:,} {'day' if number == 1 else 'days'} ago"


def _verb(rule: LifecycleRule) -> str:
    return "deletes" if rule.action == "expire" else "archives"


def _age(image: Image, rule: LifecycleRule, now: datetime) -> str:
    if image.status == "ACTIVATING":
        return "is just being restored"
    if rule.count_type == "sinceImageTransitioned":
        assert image.last_archived_at
        return f"was archived {ago(now - image.last_archived_at)}"
    pushed = image.pushed_clock(now)
    start = "restored" if image.last_activated_at else "pushed"
    if rule.count_type == "sinceImagePushed":
        return f"was {start} {ago(now - pushed)}"
    pulled = image.pulled_clock(now)
    if pulled == image.last_recorded_pull_time:
        return f"was last pulled {ago(now - pulled)}"
    return f"was {start} {ago(now - pulled)} and not pulled since"


def ago(age: timedelta) -> str:
    """Say how long ago something was, to the day, within two days to the hour."""
    if age < timedelta():
        return "after that instant"
    if age == timedelta(days=age.days):
        return f"exactly {_number(age.days, 'day')} ago"
    if age.days > 1:
        return f"{age.days:,} days ago"
    return f"{_number(int(age.total_seconds() // 3600), 'hour')} ago"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _but(evaluation: Evaluation, rank: int, owner: Marks) -> str:
    """Say what keeps an image that a rule marks."""
    if evaluation.deeds[rank]:
        return ""
    if evaluation.acted_on[rank]:
        for index in evaluation.relations.listed_by[rank]:
            image = evaluation.ranking.images[index]
            if not evaluation.deeds[index] and not image.archived:
                return f", but the index {short(image.digest)} lists it and stays"
        return ", but an index that lists it is archived and not deleted"
    if owner.marked >> rank & 1:
        return ", but it is archived already"
    if number := evaluation.late_markers[rank]:
        later = evaluation.marks[number - 1].rule.rule_priority
        return f"; rule {later} would mark it, but comes later"
    return ""
