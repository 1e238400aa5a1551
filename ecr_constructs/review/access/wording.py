"""Principals, actions and resources of access changes in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.iam_policy import DOLLAR
from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.constraints import texts_of
from ecr_constructs.review.access.principals import (
    ACCOUNT,
    ARN,
    FEDERATED,
    IDENTITY,
    NAMED,
    ORGANIZATION,
    ORGANIZATION_PATHS,
    OWN,
    OWN_ACCOUNT,
    SERVICE,
    UNRESOLVED,
)
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.capabilities import Action
    from ecr_constructs.review.access.constraints import Constraint
    from ecr_constructs.review.access.principals import Part, PrincipalSet

_REFERENCE = re.compile(r"\$\{Token\[\d+\.(\w+)\.[\w.]+\]\}", re.ASCII)
_FILLED_IN = re.compile(r"\$\{Token\[([^\[\]]*)\]\}")
_PSEUDO_PARAMETER = re.compile(r"\$\{AWS\.(\w+)\}")
_PSEUDO_PARAMETERS = {
    OWN_ACCOUNT: "its own account",
    "${Token[AWS.Region]}": "its own Region",
    "${Token[AWS.Partition]}": "its own partition",
}
_NAMED_ARN = re.compile(
    r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):"
    r"(?:root|(?P<kind>role|user|assumed-role)/(?:.*/)?(?P<name>[^/]+))",
    re.DOTALL,
)
_REPOSITORY_ARN = re.compile(
    r"arn:[^:]*:ecr(?:-public)?:(?P<region>[^:]*):(?P<account>[^:]*):repository/(?P<name>.+)",
    re.DOTALL,
)
_MOST = 9
# The keys that name principals, the most specific first, and the keys that they imply.
_WHO = {
    IDENTITY: (),
    SERVICE: (),
    FEDERATED: (),
    NAMED: (),
    ARN: (ACCOUNT,),
    ACCOUNT: (),
    ORGANIZATION_PATHS: (ORGANIZATION,),
    ORGANIZATION: (),
    **dict.fromkeys(OWN, ()),
}
_OWNS = {
    "aws:resourceaccount": "its own account",
    "aws:resourceorgid": "its own organization",
    "aws:resourceorgpaths": "its own organizational unit",
}
_AUDIENCE = "sts.amazonaws.com"
# https://docs.github.com/en/actions/reference/security/oidc#example-subject-claims
_GITHUB = re.compile(r"repo:(?P<name>[^:]*[^:*]\*?)(?::(?P<ref>.*))?", re.DOTALL)
# https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
_GITLAB = re.compile(r"project_path:(?P<name>[^:]*[^:*]\*?)(?::(?P<ref>.*))?", re.DOTALL)
_HOSTS = {
    "token.actions.githubusercontent.com": (_GITHUB, "GitHub repository"),
    "gitlab.com": (_GITLAB, "GitLab project"),
}
_REF = re.compile(
    r"ref:refs/(?P<kind>heads|tags)/(?P<ref>.+)"
    r"|ref_type:(?P<type>branch|tag):ref:(?P<name>.+)|environment:(?P<environment>.+)",
    re.DOTALL,
)
_REF_KINDS = {"heads": "branch", "tags": "tag"}


def describe_principals(principals: PrincipalSet) -> str:
    """Return a principal set in words: ``organization o-a1b2c3d4e5``."""
    parts = sorted(
        principals.parts, key=lambda part: (part[0], repr(part[1].how), texts_of(part[1]))
    )
    who = next((part for key in _WHO for part in parts if _names(key, part)), None)
    implied = _WHO[who[0]] if who is not None else ()
    rest = [part for part in parts if part != who and part[0] not in implied]
    name = _who(*who) if who else "every AWS account"
    if who is not None and who[0] == FEDERATED and (subject := _subject(who[1], rest)):
        name, rest = subject
    return " ".join(
        [name, *(["if"] if rest else []), " and ".join(describe_condition(*part) for part in rest)]
    ).strip()


def _names(key: str, part: Part) -> bool:
    name, constraint = part
    if name in OWN:
        return name == key and texts_of(constraint) == [OWN[name]]
    how = constraint.how
    return name == key and (how == "is" or (how == "is not" and key in (NAMED, ORGANIZATION)))


def _who(key: str, constraint: Constraint) -> str:
    values = texts_of(constraint)
    value = join_names([describe_text(value) for value in values])
    if constraint.how == "is not":
        outside = f"everyone outside organization {value}"
        return (
            outside if key == ORGANIZATION else f"everyone except {join_names(map(_named, values))}"
        )
    names = {
        **_OWNS,
        ACCOUNT: _account(values[0]),
        ARN: _named(values[0]),
        ORGANIZATION: "every organization" if value == "o-*" else f"organization {value}",
        ORGANIZATION_PATHS: f"organizational unit {value}",
        SERVICE: f"the service {value}",
        FEDERATED: f"identities of {_host(value)}",
    }
    return names.get(key, value)


def _host(provider: str) -> str:
    return provider.rpartition("-provider/")[2]


def _subject(provider: Constraint, rest: Sequence[Part]) -> tuple[str, list[Part]] | None:
    """Return the subject of a token in words, and the constraints that it does not name."""
    host = _host(texts_of(provider)[0])
    form, noun = _HOSTS.get(host, (None, ""))
    for part in rest if form else ():
        text = texts_of(part[1])[0] if part[0] == f"{host}:sub" and part[1].how == "is" else ""
        if form and (match := form.fullmatch(text)):
            left = [
                (key, how)
                for key, how in rest
                if (key, how) != part and (key, texts_of(how)) != (f"{host}:aud", [_AUDIENCE])
            ]
            return _workflows(match["name"], match["ref"], noun), left
    return None


def _workflows(name: str, ref: str | None, noun: str) -> str:
    """Return the refs of repositories in words: ``branch main of GitHub repository acme/api``."""
    owner, _, rest = name.partition("/")
    where = f"{noun} {name}"
    if rest == "*":
        where = f"every {noun} of {owner}"
    elif "*" in name or "?" in name:
        where = f"every {noun} like {name}"
    match = _REF.fullmatch(ref or "*")
    if match is None:
        others = {"*": "every branch, tag and pull request", "pull_request": "every pull request"}
        which = others.get(ref or "*", f"{ref}")
    elif match["environment"]:
        which = f"environment {match['environment']}"
    else:
        kind = match["type"] or _REF_KINDS[match["kind"]]
        named = match["name"] or match["ref"]
        which = f"every {kind}" if named == "*" else f"{kind} {named}"
    return f"{which} of {where}"


def _named(text: str) -> str:
    """Return a principal: ``role ci of account 444455556666``."""
    match = _NAMED_ARN.fullmatch(text)
    if match is None:
        return describe_text(text)
    if match["kind"] is None:
        return _account(match["account"])
    return f"{_role(match)} of {_account(match['account'])}"


def _role(match: re.Match[str]) -> str:
    name = describe_text(match["name"])
    return f"every {match['kind']}" if name == "*" else f"{match['kind']} {name}"


def _account(account: str) -> str:
    if account == OWN_ACCOUNT:
        return describe_text(account)
    if account == "*":
        return "every account"
    plural = "s" if "*" in account or "?" in account else ""
    return f"account{plural} {describe_text(account)}"


def describe_condition(key: str, constraint: Constraint) -> str:
    """Return a constraint in words, to follow ``if``: ``aws:SourceVpce is vpce-1``."""
    values = join_names([describe_text(value) for value in texts_of(constraint)])
    if key == UNRESOLVED:
        return "its effect, known only at deploy time, allows it"
    # The sentence already names the issuer of a token's claim; an issuer has dots, a service none.
    issuer, _, claim = describe_text(constraint.key or key).rpartition(":")
    name = claim if "." in issuer else describe_text(constraint.key or key)
    if constraint.how == "absent":
        return f"{name} is absent"
    if constraint.how in ("is", "is not"):
        return f"{name} {constraint.how} {values}" if values != "*" else f"there is {name}"
    return f"{name} {constraint.how} {values}"


def _resource(text: str, origin: Resource, noun: str) -> str:
    referred = origin.assembly.referred_to(text)
    if referred is not None:
        return referred.text("RepositoryName") or referred.id
    if noun == "role" and (role := _NAMED_ARN.fullmatch(text)) and role["kind"]:
        elsewhere = role["account"] not in ("*", origin.stack.account)
        is_other = elsewhere and not is_unresolved(role["account"])
        return f"{_role(role)} of {_account(role['account'])}" if is_other else _role(role)
    match = _REPOSITORY_ARN.fullmatch(text)
    if match is None:
        return f"every {noun}" if text == "*" else describe_text(text)
    name = "every repository" if match["name"] == "*" else describe_text(match["name"])
    stack = origin.stack
    own = (("in", "Region", stack.region), ("of", "account", stack.account))
    return " ".join([name, *_elsewhere(match, own)])


def _elsewhere(match: re.Match[str], own: Iterable[tuple[str, str, str | None]]) -> Iterator[str]:
    """Yield the Region and account of a repository that differ from those of the policy."""
    for preposition, noun, here in own:
        there = match[noun.lower()]
        if there == "*":
            yield f"{preposition} every {noun}"
        elif there and there != here and not is_unresolved(there):
            yield f"{preposition} {noun} {there}"


def describe_text(text: str) -> str:
    """Replace values that are known only at deploy time by names."""
    text = text.replace(DOLLAR, "$")
    if not is_unresolved(text):
        return text
    if text in _PSEUDO_PARAMETERS:
        return _PSEUDO_PARAMETERS[text]
    text = as_written(_REFERENCE.sub(r"\1", text))
    # In a longer text, as templates write them.
    return _FILLED_IN.sub(r"\1", _PSEUDO_PARAMETER.sub(r"${AWS::\1}", text))


def describe_actions(
    actions: Sequence[Action], resources: Sequence[Constraint], origin: Resource, *, own: bool
) -> str:
    """Return operations in words: ``push to payments/* and log in``."""
    if own:
        return join_names(dict.fromkeys(action.verb for action in actions), _MOST)
    phrases = []
    for noun in dict.fromkeys(action.noun for action in actions):
        on = dict.fromkeys(
            action.on for action in actions if action.noun == noun and action.on is not None
        )
        if on:
            names = dict.fromkeys(describe_resources(what, origin, noun) for what in resources)
            phrases.append(f"{join_names(on, _MOST)} {join_names(names)}")
    alone = [action.verb for action in actions if action.on is None]
    return join_names(dict.fromkeys([*phrases, *alone]), _MOST)


def describe_resources(what: Constraint, origin: Resource, noun: str) -> str:
    """Return resources in words: ``payments/*``."""
    names = join_names([_resource(text, origin, noun) for text in texts_of(what)])
    return names if what.how == "is" else f"every {noun} except {names}"
