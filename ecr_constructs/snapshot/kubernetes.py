"""What runs in a Kubernetes cluster: the output of kubectl, as a page of a snapshot."""

from __future__ import annotations

from typing import Any

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.snapshot import SnapshotError
from ecr_constructs.snapshot.document import Record

COMMAND = "kubectl get pods,replicasets,controllerrevisions,cronjobs,jobs -A -o json"
# `env` can hold secrets; the annotation has it, too. `managedFields` is as long as the rest.
_LEFT_OUT = ("env", "managedFields", "kubectl.kubernetes.io/last-applied-configuration")


def record_of(cluster: str, text: str, at: str, *, name: str = "") -> Record:
    """Return the page of a cluster, without environment variables.

    Args:
        cluster: The name of the cluster.
        text: What kubectl has printed.
        at: When.
        name: What the text is called in errors. Default: the cluster.

    Raises:
        SnapshotError: ``kubernetes-format``: it is not a list that kubectl prints.
    """
    try:
        document = read_json(text)
    except JsonError as error:
        raise _rejected(name or cluster, f"it is not JSON: {error}") from None
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or not str(document.get("kind", "")).endswith("List"):
        raise _rejected(name or cluster, "it has no `kind: List` with `items`")
    metadata = document.get("metadata")
    following = metadata.get("continue") if isinstance(metadata, dict) else None
    return Record(
        "kubernetes",
        "List",
        {"cluster": cluster},
        at,
        {**document, "items": [_without(item) for item in items]},
        more=bool(following),
    )


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(item) for key, item in value.items() if key not in _LEFT_OUT}
    return [_without(item) for item in value] if isinstance(value, list) else value


def _rejected(name: str, why: str) -> SnapshotError:
    message = f"{name} is not a list of Kubernetes: {why}"
    return SnapshotError(
        Diagnostic("kubernetes-format", message, remedy=f"give what `{COMMAND}` prints")
    )
