"""A run of each command whose JSON is part of the contract."""

_POLICY = "examples/lifecycle/policy.json"
_FILES = ("environments/prod.yaml", "environments/absent.yaml")
_IN_USE = ["--snapshot", "examples/in_use/snapshot.jsonl"]
_AT = ["--now", "2026-11-28T00:00:00Z", "--format", "json"]
_INVENTORY = [
    *("--images", "examples/lifecycle/images.json"),
    *("--manifests", "examples/lifecycle/manifests.json"),
    *("--now", "2026-11-24T12:00:00Z", "--format", "json"),
]
_STATUS = [
    *("status", "--snapshot", "examples/status/snapshot.json", "--no-config"),
    *("--templates", "examples/status/payments.template.json"),
]


def documents() -> dict[str, list[str]]:
    """Return the arguments of a run of each command."""
    in_use = [*_IN_USE, *_AT]
    return {
        "check": ["check", "examples/checks/template.yaml", "--format", "json"],
        "check sarif": ["check", "examples/checks/template.yaml", "--format", "sarif"],
        "check policy": ["check", _POLICY, *_INVENTORY],
        "environment check": ["environment", "check", *_FILES, "--format", "json"],
        "environment explain": [
            *("environment", "explain", "environments/prod.yaml", "platform/base-node"),
            *("--format", "json"),
        ],
        "find": [*("find", "w6"), *in_use, "--cloudtrail", "examples/in_use/cloudtrail.json"],
        "find place": ["find", "payments/api:v1.4.0", *in_use],
        "in-use": ["in-use", *in_use, "--days", "30"],
        "lifecycle check": ["lifecycle", "check", "--policy", _POLICY, *_INVENTORY],
        "lifecycle preview": ["lifecycle", "preview", "--policy", _POLICY, *_INVENTORY],
        "lifecycle preview in use": [
            *("lifecycle", "preview", "--repository", "payments/api"),
            *("--in-use", "examples/in_use/snapshot.jsonl", *_AT),
        ],
        "protect": ["protect", *in_use, "--environment", "prod"],
        "push-commands": [
            *("push-commands", "payments/api", "--format", "json"),
            *("--account", "333344445555", "--region", "eu-central-1"),
        ],
        "review": [
            *("review", "--base", "examples/review/base", "--head", "examples/review/head"),
            *("--format", "json"),
        ],
        "status": [*_STATUS, "--format", "json"],
        "status sarif": [*_STATUS, "--format", "sarif"],
        "snapshot diff": [
            *("snapshot", "--format", "json"),
            *("--diff", "tests/contract/snapshots/before", "tests/contract/snapshots/after"),
        ],
    }
