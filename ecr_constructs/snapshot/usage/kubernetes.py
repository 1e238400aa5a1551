"""References of Kubernetes: what ``kubectl get pods,rs,controllerrevisions -o json`` prints.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.members import objects, part, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.snapshot.usage.references import Reading, State, User

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_ENDED = ("Succeeded", "Failed")
# How the runtimes write where an image was pulled from, before a name with a digest.
_PULLED = ("docker-pullable://", "docker://", "containerd://", "cri-o://")
# Where a kind has the pods that it starts.
_TEMPLATES = {
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "Deployment": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
}
_REVISION = "deployment.kubernetes.io/revision"


def read(reading: Reading) -> None:
    """Add the references of the objects of each cluster."""
    for answer in reading.snapshot.answers("List", service="kubernetes"):
        cluster = text(answer.request, "cluster")
        items = [*objects(answer.items("items"))]
        revisions: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for item in items:
            kind = text(item, "kind")
            if kind == "Pod":
                _pod(reading, cluster, item)
            elif kind in ("ReplicaSet", "ControllerRevision"):
                revisions[_owner(item)].append(item)
            elif kind in _TEMPLATES and not (kind == "Job" and _is_complete(item)):
                user = _user(reading, cluster, kind, _name(item))
                _spec(reading, user, part(item, *_TEMPLATES[kind]), "definition")
        for (kind, name), members in revisions.items():
            _revisions(reading, cluster, kind, name, members)


def _pod(reading: Reading, cluster: str, pod: Mapping[str, Any]) -> None:
    if text(pod, "status", "phase") in _ENDED:
        return
    kind, name = _owner(pod)
    user = _user(reading, cluster, "pod", name if kind == "Pod" else f"{kind.lower()} {name}")
    statuses = {
        text(status, "name"): status
        for member in _CONTAINERS
        for status in objects(part(pod, "status", f"{member.removesuffix('s')}Statuses"))
    }
    for container in _of_spec(part(pod, "spec")):
        image, status = text(container, "image"), statuses.get(text(container, "name"))
        pulled = text(status, "imageID")
        for prefix in _PULLED:
            pulled = pulled.removeprefix(prefix)
        source, _, digest = pulled.rpartition("@")
        if not source:
            # Without a name, it is the digest of the configuration, which is none of a manifest.
            reading.add(image, user, "running")
        elif source == _repository(image):
            reading.add(image, user, "running", digest=digest)
        else:
            # The node has the same content from another repository, perhaps by another digest.
            reading.add(image, user, "running")
            reading.add(source, user, "running", digest=digest)


def _repository(image: str) -> str:
    """Return an image reference without its tag and digest."""
    path = image.partition("@")[0]
    name, colon, tag = path.rpartition(":")
    return name if colon and "/" not in tag else path


def _revisions(
    reading: Reading, cluster: str, kind: str, name: str, members: list[Mapping[str, Any]]
) -> None:
    """Add the revisions of a workload, the newest of which it starts next."""
    for item, state in reading.newest(members, _revision):
        user = _user(reading, cluster, kind, name, str(_revision(item) or ""))
        holder = item.get("data") if text(item, "kind") == "ControllerRevision" else item
        _spec(reading, user, part(holder, "spec", "template", "spec"), state)


def _revision(item: Mapping[str, Any]) -> int:
    revision = part(item, "revision")
    if isinstance(revision, int):
        return revision
    written = text(part(item, "metadata", "annotations"), _REVISION)
    return int(written) if written.isdecimal() else 0


def _spec(reading: Reading, user: User, spec: object, state: State) -> None:
    for container in _of_spec(spec):
        reading.add(container.get("image"), user, state)


def _of_spec(spec: object) -> Iterator[Mapping[str, Any]]:
    for member in _CONTAINERS:
        yield from objects(part(spec, member))


def _is_complete(job: Mapping[str, Any]) -> bool:
    conditions = objects(part(job, "status", "conditions"))
    return any(
        text(condition, "type") in ("Complete", "Failed") and text(condition, "status") == "True"
        for condition in conditions
    )


def _user(reading: Reading, cluster: str, kind: str, name: str, revision: str = "") -> User:
    return reading.user("kubernetes", kind.lower(), f"{cluster}/{name}", revision)


def _name(item: Mapping[str, Any]) -> str:
    return f"{text(item, 'metadata', 'namespace') or 'default'}/{text(item, 'metadata', 'name')}"


def _owner(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return the kind and the name of what controls an object; of itself if nothing does.

    The ReplicaSet of a Deployment has the name of it, and a hash.
    """
    for owner in objects(part(item, "metadata", "ownerReferences")):
        kind, name = text(owner, "kind"), text(owner, "name")
        if kind == "ReplicaSet" and (
            hashed := text(item, "metadata", "labels", "pod-template-hash")
        ):
            name = name.removesuffix(f"-{hashed}")
            kind = "Deployment"
        namespace = text(item, "metadata", "namespace") or "default"
        return kind, f"{namespace}/{name}"
    return text(item, "kind"), _name(item)
