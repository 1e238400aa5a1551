"""An OCI client at the registry of one account and Region: login, push, tag, pull."""

from __future__ import annotations

import base64
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from oras.client import OrasClient

from local_aws import LocalAwsError, images

_MANIFESTS = f"{images.OCI_MANIFEST}, {images.OCI_INDEX}"


class RegistryRejectedError(LocalAwsError):
    """The registry rejected a request, with a `code` such as TAG_INVALID."""

    asked: str

    def __init__(self, reference: str, code: str, message: str) -> None:
        """Name the reference, then quote the registry."""
        super().__init__(f"{self.asked} of {reference} rejected: {code}: {message}")
        self.code = code


class PushRejectedError(RegistryRejectedError):
    """The registry rejected a push."""

    asked = "Push"


class PullRejectedError(RegistryRejectedError):
    """The registry rejected a pull."""

    asked = "Pull"


@dataclass(frozen=True)
class Registry:
    """A client that has logged in at a host and port."""

    host: str
    oras: Any

    @classmethod
    def login(cls, ecr: Any, *, name: str | None = None) -> Registry:
        """Log in as `aws ecr get-login-password | docker login` does, as the caller of a client.

        `name` is the registry's host name on AWS; by default the one of the caller's account.
        """
        data = ecr.get_authorization_token()["authorizationData"][0]
        user, _, token = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        return cls.login_with(urlsplit(data["proxyEndpoint"]).netloc, user, token, name=name)

    @classmethod
    def login_with(cls, host: str, user: str, token: str, *, name: str | None = None) -> Registry:
        """Log in with a token; `name` as above."""
        client = OrasClient(hostname=host, insecure=True, auth_backend="basic")
        # No proxy of the user's comes between, and no password from ~/.netrc.
        client.session.trust_env = False
        if name:
            client.session.headers["Host"] = name
        # The client writes the login down; not in the user's ~/.docker/config.json.
        with tempfile.TemporaryDirectory() as folder:
            config = str(Path(folder) / "config.json")
            client.login(username=user, password=token, hostname=host, config_path=config)
        answer = client.do_request(f"http://{host}/v2/", "GET")
        if not answer.ok:
            msg = f"Login to {host} rejected with status {answer.status_code}"
            raise LocalAwsError(msg)
        return cls(host, client)

    def push(self, reference: str, artifact: images.Artifact) -> str:
        """Push to `REPOSITORY:TAG`, or to `REPOSITORY` without a tag; return the digest."""
        repository, _, tag = reference.partition(":")
        for child in artifact.children:
            self.push(repository, child)
        container = self.oras.get_container(f"{self.host}/{repository}")
        for blob in artifact.blobs:
            if not self.oras.blob_exists(blob.descriptor, container):
                self._upload(reference, repository, blob)
        self._put(reference, repository, tag or artifact.digest, artifact.manifest)
        return artifact.digest

    def tag(self, repository: str, source: str, tag: str) -> str:
        """Add or move a tag to the image with the tag or digest `source`; return its digest."""
        manifest = self.manifest(repository, source)
        self._put(f"{repository}:{tag}", repository, tag, manifest)
        return manifest.digest

    def pull(self, repository: str, reference: str) -> images.Artifact:
        """Pull the artifact with a tag or digest, and the children of an index."""
        manifest = self.manifest(repository, reference)
        content = json.loads(manifest.data)
        described = [content["config"], *content["layers"]] if "config" in content else []
        blobs = tuple(
            images.Blob(item["mediaType"], self._blob(repository, item["digest"]))
            for item in described
        )
        listed = [item["digest"] for item in content.get("manifests", [])]
        children = tuple(self.pull(repository, digest) for digest in listed)
        return images.Artifact(manifest, blobs, children)

    def manifest(self, repository: str, reference: str) -> images.Blob:
        """Pull a manifest only."""
        path = f"{repository}/manifests/{reference}"
        answer = self._request("GET", path, headers={"Accept": _MANIFESTS})
        _check(PullRejectedError, f"{repository}:{reference}", answer)
        return images.Blob(answer.headers["Content-Type"], answer.content)

    def _request(self, method: str, path: str, **options: Any) -> Any:
        return self.oras.do_request(f"http://{self.host}/v2/{path}", method, **options)

    def _blob(self, repository: str, digest: str) -> bytes:
        # Not the client's get_blob, which returns the body of an error as a layer.
        answer = self._request("GET", f"{repository}/blobs/{digest}")
        _check(PullRejectedError, f"{repository}@{digest}", answer)
        return bytes(answer.content)

    def _upload(self, shown: str, repository: str, blob: images.Blob) -> None:
        # Not the client's upload_blob, which hides what the registry answers.
        begun = self._request("POST", f"{repository}/blobs/uploads/")
        _check(PushRejectedError, shown, begun)
        session = f"http://{self.host}{begun.headers['Location']}?digest={blob.digest}"
        _check(PushRejectedError, shown, self.oras.do_request(session, "PUT", data=blob.data))

    def _put(self, shown: str, repository: str, reference: str, manifest: images.Blob) -> None:
        path = f"{repository}/manifests/{reference}"
        headers = {"Content-Type": manifest.media_type}
        answer = self._request("PUT", path, data=manifest.data, headers=headers)
        _check(PushRejectedError, shown, answer)


def _check(rejected: type[RegistryRejectedError], reference: str, answer: Any) -> None:
    if answer.ok:
        return
    error = answer.json()["errors"][0]
    raise rejected(reference, error["code"], error["message"])
