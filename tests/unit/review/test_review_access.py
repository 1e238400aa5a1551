"""Changes of access to repositories, registries and keys."""

from dataclasses import replace
from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY, REGISTRY_POLICY
from ecr_constructs.model.repository_policy import PUSH_ACTIONS
from tests.support.rule_examples.build import (
    ROOT,
    allow,
    creation_template,
    document,
    get_att,
    key,
    repository,
    resource,
    template,
)
from tests.support.rule_examples.statements import ORGANIZATION
from tests.unit.review.access_sides import (
    ACCOUNT,
    HERE,
    NARROWED,
    ORG,
    ORG_ID,
    WIDENED,
    access_changes,
    all_changes,
    codes,
    deny,
    having,
    pulls,
)

Statements = list[Any]

PARTNER, OTHER = {"AWS": ROOT}, {"AWS": "777788889999"}
CI, EVE = "arn:aws:iam::444455556666:role/ci", "arn:aws:iam::777788889999:user/eve"
SESSION = "arn:aws:sts::444455556666:assumed-role/ci/run"
CI_ROLE = f"{ACCOUNT} & aws:principalarn is {CI}"
PULL_BY = f"{ACCOUNT} | allow pull"
BY_PARTNER, BY_CI = pulls(ROOT), pulls(CI)
ALL_BUT_ONE, ALL_BUT_TWO = pulls(NotPrincipal=PARTNER), pulls(NotPrincipal={"AWS": [ROOT, EVE]})
WITHIN, ANY = pulls(Principal="*", Condition=ORGANIZATION), pulls(Principal="*")
NOT_OTHERS = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::777788889999:role/*"}}
BUT_OTHERS = pulls(ROOT, Condition=NOT_OTHERS)
PERHAPS = {"Fn::If": ["IsOpen", ANY, {"Ref": "AWS::NoValue"}]}
REFERRED = [pulls({"Ref": name}) for name in ("One", "Other")]
UNDECIDED = {**BY_PARTNER, "Effect": {"Ref": "Effect"}}
CALLS = f"+ {ACCOUNT} | allow call"
PERHAPS_IN_ORG = f"+ {ACCOUNT} | allow pull | perhaps {ORG}"
OWN, OWN_ID = {"AWS": "111122223333"}, "aws:principalaccount is 111122223333"
OTHER_ID = "aws:principalaccount is 777788889999"
ANY_ORG = "aws:principalorgid is o-*"
OUTSIDE = {"StringNotEquals": {"aws:PrincipalOrgID": ORG_ID}}
NOT_ORG = ORG.replace(" is ", " is not ")
PUSH_FENCE = deny("ecr:PutImage", Principal="*", Condition=OUTSIDE)
ALL_BUT = [f"ecr:{start}*" for start in (*"ACDEFGHIJKLMNOQRSTUVWXYZ", "BatchG", "BatchI", "BatchC")]
HALVES = [
    allow("ecr:BatchGetImage", Principal="*", Condition=ORGANIZATION),
    allow("ecr:GetDownloadUrlForLayer", Principal=PARTNER, Condition=ORGANIZATION),
]


def partner(*actions: Any) -> dict[str, Any]:
    """Return a statement that allows actions to an account."""
    return allow(list(actions), Principal=PARTNER)


def anyone_if(operator: str, key_: str, value: Any) -> dict[str, Any]:
    """Return a statement that allows everyone to pull under a condition."""
    return pulls(Principal="*", Condition={operator: {key_: value}})


def denied(principal: Any, **parts: Any) -> dict[str, Any]:
    """Return a statement that denies everything."""
    return deny("ecr:*", Principal=principal, **parts)


NO_GET, NO_OTHER = deny("ecr:BatchGetImage", Principal=PARTNER), denied(OTHER)
NO_PUSH = deny("ecr:PutImage", Principal=OTHER)
FENCE, NO_TLS = denied("*", Condition=OUTSIDE), "aws:securetransport is false"
TLS_FENCE = denied("*", Condition={"Bool": {"aws:SecureTransport": "false"}})
BATCH = " | ".join(
    f"allow {verb}"
    for verb in ("pull", "delete images", "import upstream images", "read images and settings")
)


# Statements of a first policy, and the codes of each change.
FIRST: dict[str, tuple[Statements, *tuple[str, ...]]] = {
    "an account and its role": ([pulls(CI, ROOT)], f"+ {ACCOUNT} | allow pull"),
    "a session": ([pulls(SESSION)], f"+ {ACCOUNT} & aws:principalarn is {SESSION} | allow pull"),
    "a pull of two statements": (
        HALVES,
        f"+ {ACCOUNT} & {ORG} | allow pull",
        f"+ {ORG} | allow call BatchGetImage",
    ),
    "a single action": ([partner("ecr:batchgetimage")], f"{CALLS} BatchGetImage"),
    "an unknown action": ([partner("ecr:Teleport", "s3:GetObject")], f"{CALLS} Teleport"),
    "an unresolved action": (
        [partner({"Ref": "Action"})],
        f"+ {ACCOUNT} | allow do what is known only at deploy time",
    ),
    "everything": ([partner("*")], f"+ {ACCOUNT} | allow do everything"),
    "a service": (
        [pulls(Principal={"Service": "lambda.amazonaws.com"})],
        "+ (service) is lambda.amazonaws.com | allow pull",
    ),
    "other principals": (
        [pulls(Principal={"CanonicalUser": "79a5", "AWS": "AROAEXAMPLE"})],
        "+ (principal) is AROAEXAMPLE | allow pull",
        "+ (principal) is CanonicalUser 79a5 | allow pull",
    ),
    # A mark of no stack is compared as it is written.
    "a mark without a stack": (
        [pulls("${Token[9.Ci.Arn]}")],
        "+ (principal) is ${Ci.Arn} | allow pull",
    ),
    "everyone": ([ANY], "! * | allow pull"),
    "everyone but one": ([ALL_BUT_ONE], f"! (principal) is not {ROOT} | allow pull"),
    "everyone outside": ([pulls(Principal="*", Condition=OUTSIDE)], f"! {NOT_ORG} | allow pull"),
    "an organization": ([WITHIN], f"+ {ORG} | allow pull"),
}
# Statements before and after, and the codes of each change.
STATEMENTS: dict[str, tuple[Statements, Statements, *tuple[str, ...]]] = {
    **{case: ([], *row) for case, row in FIRST.items()},
    "a condition dropped": ([WITHIN], [ANY], f"! * | allow pull | replaces {ORG}"),
    # The accounts of an organization are unknown; this one may belong to it.
    "another account": ([WITHIN], [WITHIN, BY_PARTNER], PERHAPS_IN_ORG),
    "an organization's account": ([WITHIN], [BY_PARTNER], PERHAPS_IN_ORG, f"- {ORG} | allow pull"),
    "every organization": (
        [WITHIN],
        [anyone_if("StringLike", "aws:PrincipalOrgID", "o-*")],
        f"! {ANY_ORG} | allow pull | replaces {ORG} | wildcard o-*",
    ),
    "another form of an account": ([BY_PARTNER], [pulls("444455556666")]),
    "a role for its account": ([BY_PARTNER], [BY_CI], f"- {PULL_BY} | replaces {CI_ROLE}"),
    "an account but for another one's roles": ([BY_PARTNER], [BUT_OTHERS]),
    "a role beside its account": ([BY_PARTNER], [BY_PARTNER, BY_CI]),
    "push in addition": ([BY_PARTNER], [partner(*PUSH_ACTIONS)], f"+ {ACCOUNT} | allow push"),
    "an action that completes a pull": (
        [partner("ecr:BatchGetImage")],
        [partner("ecr:Batch*"), BY_PARTNER],
        f"+ {ACCOUNT} | {BATCH}",
    ),
    "all but some": (
        [partner("ecr:Put*", "ecr:Set*"), BY_PARTNER],
        [{"Effect": "Allow", "Principal": PARTNER, "NotAction": [*ALL_BUT, 7]}, BY_PARTNER],
        f"+ {ACCOUNT} | allow delete images",
        f"- {ACCOUNT} | allow change the policy",
    ),
    "a denial of what was allowed": ([BY_PARTNER], [BY_PARTNER, NO_GET], f"- {PULL_BY}"),
    "a denial of what was not": ([WITHIN], [WITHIN, NO_OTHER], f"- {OTHER_ID} | deny do anything"),
    "a narrower denial": ([denied("*")], [denied(PARTNER)], "+ * | deny do anything"),
    "fewer actions denied, and one allowed": (
        [deny(["ecr:PutImage", "ecr:BatchDeleteImage"], Principal=PARTNER)],
        [deny("ecr:BatchDeleteImage", Principal=PARTNER), partner("ecr:SetRepositoryPolicy")],
        f"+ {ACCOUNT} | allow change the policy",
    ),
    # Another account is allowed nothing but by this policy.
    "a denial of a stranger dropped": ([BY_CI, NO_OTHER], [BY_CI]),
    "a denial of the own account dropped": ([denied(OWN)], [], f"+ {OWN_ID} | deny do anything"),
    "a denial of a stranger who is allowed": (
        [pulls("777788889999"), NO_PUSH],
        [pulls("777788889999")],
    ),
    "a fence dropped": ([ANY, FENCE], [ANY], f"! * | allow pull | replaces {ORG}"),
    "a fence for a condition": ([WITHIN], [ANY, FENCE], f"- {NOT_ORG} | deny do anything"),
    "a fence around another action": ([ANY], [ANY, PUSH_FENCE], f"- {NOT_ORG} | deny push"),
    "another exception": (
        [ALL_BUT_ONE],
        [ALL_BUT_TWO],
        f"- (principal) is not {ROOT} | allow pull | replaces (principal) is not {ROOT},{EVE}",
    ),
    "everyone, where everyone may": ([ANY], [ANY, pulls("*")]),
    "an unknown effect": (
        [UNDECIDED],
        [BY_PARTNER],
        f"+ {PULL_BY} | replaces (effect) ? & {ACCOUNT}",
    ),
    "parameters in another order": (REFERRED, REFERRED[::-1]),
    "a statement beside an unknown one": ([PERHAPS], [PERHAPS, BY_PARTNER], f"+ {PULL_BY}"),
    "access of everyone removed": ([ANY], [], "- * | allow pull"),
    # It is an error where everyone is allowed.
    "a denial dropped": ([ANY, TLS_FENCE], [ANY], f"! {NO_TLS} | deny do anything"),
    "a denial of nothing allowed dropped": ([FENCE], [], f"+ {NOT_ORG} | deny do anything"),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_statements_are_compared_as_sets(case: str) -> None:
    """Each wider or narrower principal set is reported once; access for anyone is an error."""
    before, after, *expected = STATEMENTS[case]

    assert expected == codes(having(*before), having(*after))


TAG, CALLER = "aws:PrincipalTag/team", "aws:PrincipalArn"
GITHUB = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (ANY, "every AWS account"),
        (WITHIN, f"organization {ORG_ID}"),
        (BY_PARTNER, "account 444455556666"),
        (anyone_if("StringLike", "aws:PrincipalAccount", "4444*"), "accounts 4444*"),
        (BY_CI, "role ci of account 444455556666"),
        (pulls(SESSION), "assumed-role run of account 444455556666"),
        (pulls("arn:aws:iam::*:role/ci"), "role ci of every account"),
        (anyone_if("ArnLike", CALLER, f"{CI[:-2]}*"), "every role of account 444455556666"),
        (pulls("${Token[9.Ci.Arn]}"), "Ci"),
        (pulls({"Ref": "Principal"}), "${Principal}"),
        (pulls(Principal={"Service": "lambda.amazonaws.com"}), "the service lambda.amazonaws.com"),
        (pulls(Principal={"Federated": PROVIDER}), f"identities of {GITHUB}"),
        (pulls(Principal="*", Condition=OUTSIDE), f"everyone outside organization {ORG_ID}"),
        (ALL_BUT_TWO, "everyone except account 444455556666 and user eve of account 777788889999"),
        (anyone_if("Null", TAG, "false"), f"every AWS account if there is {TAG}"),
        (anyone_if("Null", TAG, "true"), f"every AWS account if {TAG} is absent"),
        (anyone_if("StringNotLike", TAG, "a*"), f"every AWS account if {TAG} is not a*"),
        (anyone_if("ForAllValues:StringEquals", TAG, "a"), f"every AWS account if {TAG} only a"),
        (UNDECIDED, "account 444455556666 if its effect, known only at deploy time, allows it"),
    ],
)
def test_principals_in_words(statement: dict[str, Any], words: str) -> None:
    """`after` has a line for each principal set, which names it."""
    other = pulls("777788889999")
    [change] = access_changes(having(other), having(other, statement))

    assert any(line.startswith(f"{words} may ") for line in change.after)


@pytest.mark.parametrize("version", [None, "2008-10-17"])
def test_variables_are_text_in_old_policies(version: str | None) -> None:
    """Only the current version of the language has policy variables."""
    own = anyone_if("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}")
    with_variables, without = having(own), having(own)
    policy = {**document(own), "Version": version}
    without["Api"]["Properties"]["RepositoryPolicyText"] = policy

    code = "aws:resourceorgid is ${aws:principalorgid} | allow pull"
    assert [f"+ {code}"] == codes(without, with_variables)
    assert [f"- {code}"] == codes(with_variables, without)
    unknown = {**document(own), "Version": {"Ref": "Version"}}
    without["Api"]["Properties"]["RepositoryPolicyText"] = unknown
    assert ["+ unknown policy", "- unknown policy"] == codes(with_variables, without)


def test_text_that_looks_like_a_variable_is_shown_as_it_is_written() -> None:
    """The mark of such a text is not printed."""
    tagged = anyone_if("StringEquals", TAG, ["${aws:username}", 7])
    head = having(tagged)
    head["Api"]["Properties"]["RepositoryPolicyText"].pop("Version")

    summaries = [change.summary for change in access_changes(having(), head)]

    assert any("is ${aws:username} " in summary for summary in summaries)


def test_what_stays_denied_is_no_longer_everything() -> None:
    """A sentence about a denial that is dropped for most actions names the others."""
    no_pull = deny("ecr:BatchGetImage", Principal=OWN)
    [change] = access_changes(having(BY_CI, denied(OWN)), having(BY_CI, no_pull))

    assert change.summary.endswith("is no longer forbidden to do anything except pull")


def test_an_unknown_account_is_the_own_one() -> None:
    """A template that is deployed anywhere has roles of where it is deployed."""
    ci = pulls({"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/ci"})
    before, after = (replace(template(side), account=None) for side in (having(), having(ci)))

    [change] = access_changes([before], [after])

    assert change.after == ["role ci of its own account may pull"]


def test_change_has_both_sides() -> None:
    """A change lists who may do the same before and after, with the property that decides it."""
    [change] = access_changes(having(WITHIN, pulls("777788889999")), having(ANY))

    assert (2, 1) == (len(change.before), len(change.after))
    assert "777788889999" in change.before[0]
    assert ORG_ID in change.before[1]
    assert ("RepositoryPolicyText",) == change.properties
    assert ("", "Api", "payments/api") == (change.stack, change.resource, change.repository)


def test_other_resources_are_compared_as_repositories_are() -> None:
    """A template, a public repository, the registry and a key that encrypts images."""

    def all_of(*statements: Any) -> dict[str, Any]:
        text = document(*(statement for statement in statements if "kms" not in str(statement)))
        own = allow("kms:*", Principal={"AWS": "111122223333"}, Resource="*")
        keyed = {"EncryptionType": "KMS", "KmsKey": get_att("Key")}
        return {
            "Template": creation_template(RepositoryPolicy=text),
            "Public": resource(PUBLIC_REPOSITORY, {"RepositoryPolicyText": text}),
            "Registry": resource(REGISTRY_POLICY, {"PolicyText": text}),
            "Api": repository(EncryptionConfiguration=keyed),
            "Key": key(KeyPolicy=document(own, *statements)),
            "Stranger": key(KeyPolicy=document(own, *statements)),
        }

    replicate = ["ecr:ReplicateImage", "ecr:CreateRepository"]
    head = all_of(
        allow(replicate, Principal=PARTNER, Resource=f"{HERE}/payments/*"),
        partner("ecr-public:PutImage"),
        allow(["kms:Decrypt", "kms:DescribeKey"], Principal=PARTNER, Resource="*"),
        deny("ecr:*", Principal=OWN, NotResource=[f"{HERE}/a", 7]),
    )
    other = f"{OWN_ID} | deny do anything"
    copying = ("allow replicate", "allow create repositories")

    assert [
        ("Key", WIDENED, f"{ACCOUNT} | allow use the key | allow read its settings"),
        ("Public", WIDENED, f"{ACCOUNT} | allow call PutImage"),
        ("Registry", WIDENED, f"{ACCOUNT} | {' payments/* | '.join(copying)} payments/*"),
        ("Template", WIDENED, f"{ACCOUNT} | {' | '.join(copying)}"),
        ("Registry", NARROWED, f"{other} every repository except a"),
        ("Template", NARROWED, other),
    ] == [
        (item.resource, item.kind, " | ".join(item.codes))
        for item in access_changes(all_of(), head)
    ]


def test_new_resources_are_compared_with_nothing() -> None:
    """Whoever a new policy allows something gains it; a removed registry policy takes it away."""
    head = {**having(WITHIN, ANY), "Other": repository(RepositoryPolicyText=document(WITHIN))}
    replicating = allow("ecr:ReplicateImage", Principal=PARTNER, Resource=f"{HERE}/*")
    registry = {"Policy": resource(REGISTRY_POLICY, {"PolicyText": document(replicating)})}
    opened, limited = access_changes({}, head)
    [new], [gone] = access_changes({}, registry), access_changes(registry, {})

    assert ("Api", "error", ("*", "allow pull"), ()) == (
        *(opened.resource, opened.severity, opened.codes, opened.properties),
    )
    assert ("Other", "warning", (ORG, "allow pull")) == (
        *(limited.resource, limited.severity, limited.codes),
    )
    assert [] == access_changes(head, {})
    assert (ACCOUNT, "allow replicate every repository") == new.codes
    assert (NARROWED, ("PolicyText",)) == (gone.kind, gone.properties)


def test_new_key_is_compared_with_the_default_policy() -> None:
    """KMS gives the account of a key everything; further principals are reported."""
    own = allow("kms:*", Principal={"AWS": "111122223333"}, Resource="*")
    other = allow("kms:Decrypt", Principal=PARTNER, Resource="*")

    def with_key(**policy: Any) -> dict[str, Any]:
        keyed = {"EncryptionType": "KMS", "KmsKey": get_att("Key")}
        return {"Api": repository(EncryptionConfiguration=keyed), "Key": key(**policy)}

    assert [] == codes({}, with_key(KeyPolicy=document(own)))
    assert [] == codes(with_key(KeyPolicy=None), with_key(KeyPolicy=document(own)))
    assert [f"+ {ACCOUNT} | allow use the key"] == codes(
        {}, with_key(KeyPolicy=document(own, other))
    )


def test_policy_that_allows_the_same_is_a_note() -> None:
    """A policy that is written differently is no change of access."""
    [same] = all_changes(having(WITHIN, BY_PARTNER), having(pulls("444455556666"), WITHIN))

    assert ("other", "note", ("same-access",)) == (same.kind, same.severity, same.codes)


def test_what_is_known_is_reported_beside_an_unknown_statement() -> None:
    """An unknown statement of head does not hide that another one opens the repository."""
    assert ["! * | allow pull", "+ unknown policy", "- unknown policy"] == codes(
        having(), having(ANY, PERHAPS)
    )


IN_PARAMETER = anyone_if("StringEquals", "aws:PrincipalOrgID", {"Ref": "Organization"})
# Policies before and after, and what about them is unknown before the deployment.
UNKNOWN: dict[str, tuple[Any, Any, str]] = {
    "a whole policy": (document(ANY), {"Ref": "Policy"}, "policy"),
    "a statement": (document(WITHIN), document(WITHIN, PERHAPS), "policy"),
    "all statements": (document(WITHIN), {"Statement": {"Ref": "Statements"}}, "policy"),
    "a text": (document(WITHIN), {"Fn::Sub": '{"Statement": ["${Statement}"]}'}, "policy"),
    "another parameter": (document(REFERRED[0]), document(REFERRED[1]), "difference"),
    "an organization": (document(WITHIN), document(IN_PARAMETER), "difference"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown_access_is_reported_in_both_directions(case: str) -> None:
    """A policy that cannot be compared before the deployment may widen and narrow access."""
    before, after, code = UNKNOWN[case]
    base, head = ({"Api": repository(RepositoryPolicyText=policy)} for policy in (before, after))

    assert [
        (WIDENED, "warning", (f"unknown {code}",), ("RepositoryPolicyText",)),
        (NARROWED, "warning", (f"unknown {code}",), ("RepositoryPolicyText",)),
    ] == [
        (change.kind, change.severity, change.codes, change.properties)
        for change in access_changes(base, head)
    ]


def test_policy_that_is_not_known_any_more_or_no_longer_unknown() -> None:
    """What head allows is not reported if base may have allowed it, and the other way round."""
    unknown = {"Api": repository(RepositoryPolicyText={"Ref": "Policy"})}

    assert ["+ unknown policy", "- unknown policy"] == codes(unknown, having(ANY))
    assert ["+ unknown policy", "- unknown policy"] == codes(having(ANY), unknown)


def test_unknown_registry_policy_is_reported() -> None:
    """A new registry policy that is known only at the deployment may allow anyone."""
    registry = {"Policy": resource(REGISTRY_POLICY, {"PolicyText": {"Ref": "Text"}})}

    assert ["+ unknown policy"] == codes({}, registry)
