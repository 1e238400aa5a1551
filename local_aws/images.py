"""Small, real artifacts: the same seed gives the same bytes, another seed other digests."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
NOTATION_SIGNATURE = "application/vnd.cncf.notary.signature"
BUILDKIT_CACHE = "application/vnd.buildkit.cacheconfig.v0"


@dataclass(frozen=True)
class Blob:
    """Some bytes and what they are."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        """The name of the bytes in a registry."""
        return "sha256:" + hashlib.sha256(self.data).hexdigest()

    @property
    def descriptor(self) -> dict[str, Any]:
        """How a manifest points to the bytes."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


@dataclass(frozen=True)
class Artifact:
    """A manifest, its configuration and layers as `blobs`, and the `children` of an index."""

    manifest: Blob
    blobs: tuple[Blob, ...] = ()
    children: tuple[Artifact, ...] = field(default=())

    @property
    def digest(self) -> str:
        """The digest of the manifest."""
        return self.manifest.digest

    @property
    def size(self) -> int:
        """The size of configuration and layers, in bytes, as ECR counts it."""
        return sum(len(blob.data) for blob in self.blobs)


def image(seed: int | str, *, architecture: str = "amd64") -> Artifact:
    """Build an image for one architecture: a configuration and a layer with one file."""
    tar = _tar({"app/release.txt": f"{architecture} {seed}\n"})
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": ["cat", "/app/release.txt"]},
        "rootfs": {"type": "layers", "diff_ids": [Blob("", tar).digest]},
    }
    return _artifact(_json(OCI_CONFIG, config), Blob(OCI_LAYER, _gzip(tar)))


def index(seed: int | str) -> Artifact:
    """Build an image for linux/amd64 and linux/arm64."""
    images = {name: image(seed, architecture=name) for name in ("amd64", "arm64")}
    listed = [
        child.manifest.descriptor | {"platform": {"os": "linux", "architecture": name}}
        for name, child in images.items()
    ]
    content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
    return Artifact(_json(OCI_INDEX, content), children=tuple(images.values()))


def helm_chart(seed: int | str, *, name: str = "demo", version: str = "1.0.0") -> Artifact:
    """Build a Helm chart, as `helm push` does."""
    chart = {"apiVersion": "v2", "name": name, "version": version, "description": str(seed)}
    files = {f"{name}/Chart.yaml": json.dumps(chart), f"{name}/values.yaml": "{}\n"}
    return _artifact(_json(HELM_CONFIG, chart), Blob(HELM_CHART, _gzip(_tar(files))))


def build_cache(seed: int | str) -> Artifact:
    """Build what `docker buildx build --cache-to type=registry,image-manifest=true` pushes."""
    layer = Blob(OCI_LAYER, _gzip(_tar({"cache": str(seed)})))
    config = {"layers": [{"blob": layer.digest, "parent": -1}], "records": []}
    return _artifact(_json(BUILDKIT_CACHE, config), layer)


def signature(subject: Artifact, *, artifact_type: str = NOTATION_SIGNATURE) -> Artifact:
    """Build an artifact about another, by default a signature of notation's without the signing."""
    layer = Blob("application/jose+json", json.dumps({"payload": subject.digest}).encode())
    empty = Blob("application/vnd.oci.empty.v1+json", b"{}")
    content = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": empty.descriptor,
        "layers": [layer.descriptor],
        "subject": subject.manifest.descriptor,
        "annotations": {"io.cncf.notary.x509chain.thumbprint#S256": "[]"},
    }
    return Artifact(_json(OCI_MANIFEST, content), blobs=(empty, layer))


def _artifact(config: Blob, *layers: Blob) -> Artifact:
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config.descriptor,
        "layers": [layer.descriptor for layer in layers],
    }
    return Artifact(_json(OCI_MANIFEST, manifest), blobs=(config, *layers))


def _json(media_type: str, content: dict[str, Any]) -> Blob:
    return Blob(media_type, json.dumps(content, separators=(",", ":")).encode())


def _tar(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in files.items():
            # A TarInfo has no owner and the time zero: the bytes depend on the text only.
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
