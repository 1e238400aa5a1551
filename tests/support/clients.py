"""`docker`, `oras` and `helm`, as far as pushing needs them, for a machine without any of them.

What reaches the registry is real: login, blobs and manifests go through oras-py to the embedded
AWS. Two things are not. The host name of a reference is sent, but not looked up:
`AWS_ENDPOINT_URL` replaces what DNS would resolve. And nothing is built in layers: the image
that `docker build` makes holds its Dockerfile.

Run as `python -m tests.support.clients PROGRAM ARGUMENTS…`. Logins and images are kept in
the folder that DOCKER_CONFIG names.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import re
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local_aws import LocalAwsError, images

if TYPE_CHECKING:
    from local_aws.registry import Registry

PROGRAMS = ("docker", "oras", "helm")


class Store:
    """What a client remembers between two commands."""

    def __init__(self) -> None:
        """Read it."""
        self._path = Path(os.environ["DOCKER_CONFIG"]) / "config.json"
        state = json.loads(self._path.read_text()) if self._path.exists() else {}
        self.auths: dict[str, dict[str, str]] = state.get("auths", {})
        self.images: dict[str, str] = state.get("images", {})

    def save(self) -> None:
        """Write it."""
        self._path.write_text(json.dumps({"auths": self.auths, "images": self.images}))

    def registry(self, host: str) -> Registry:
        """Log in with what was kept for a host."""
        from local_aws.registry import Registry  # noqa: PLC0415 - slow, and half do without

        if host not in self.auths:
            sys.exit(f"{host}: no basic auth credentials")
        user, _, token = base64.b64decode(self.auths[host]["auth"]).decode().partition(":")
        endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
        return Registry.login_with(endpoint, user, token, name=host)


def login(store: Store, arguments: list[str]) -> None:
    """Check a password, and keep it for a host."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--username", required=True)
    parser.add_argument("--password-stdin", action="store_true", required=True)
    parser.add_argument("host")
    options = parser.parse_args(arguments)
    password = sys.stdin.read().rstrip("\n")
    auth = base64.b64encode(f"{options.username}:{password}".encode()).decode()
    store.auths[options.host] = {"auth": auth}
    store.registry(options.host)


def docker(store: Store, arguments: list[str]) -> None:
    """Build, tag or push, or tell by which digest an image was pushed."""
    match arguments:
        case ["build", "--tag", name, context]:
            store.images[name] = (Path(context) / "Dockerfile").read_text()
        case ["tag", source, target]:
            store.images[target] = store.images[source]
        case ["push", reference]:
            host, _, name = reference.partition("/")
            digest = store.registry(host).push(name, images.image(store.images[reference]))
            store.images[f"pushed {reference}"] = f"{reference.rpartition(':')[0]}@{digest}"
        case ["inspect", "--format", "{{index .RepoDigests 0}}", reference]:
            sys.stdout.write(store.images[f"pushed {reference}"] + "\n")
        case _:
            sys.exit(f"docker: unknown: {arguments}")


def oras(store: Store, arguments: list[str]) -> None:
    """Push a file, by oras-py's own push."""
    match arguments:
        case ["push", reference, file]:
            host, _, name = reference.partition("/")
            registry = store.registry(host)
            registry.oras.push(target=f"{registry.host}/{name}", files=[file])
        case _:
            sys.exit(f"oras: unknown: {arguments}")


def helm(store: Store, arguments: list[str]) -> None:
    """Package a chart, or push one: to the repository that ends in its name, with its version."""
    match arguments:
        case ["package", "--version", version, folder]:
            written = (Path(folder) / "Chart.yaml").read_text()
            name = re.findall(r"^name: (.+)$", written, re.MULTILINE)[0]
            built = images.helm_chart(name, name=name, version=version)
            Path(f"{name}-{version}.tgz").write_bytes(built.blobs[1].data)
        case ["push", file, target]:
            with tarfile.open(fileobj=io.BytesIO(Path(file).read_bytes())) as archive:
                inside = archive.extractfile(archive.getnames()[0])
                assert inside
                chart = json.load(inside)
            host, _, parent = target.removeprefix("oci://").partition("/")
            artifact = images.helm_chart(
                chart["description"], name=chart["name"], version=chart["version"]
            )
            reference = f"{parent}/{chart['name']}:{chart['version']}".lstrip("/")
            store.registry(host).push(reference, artifact)
        case _:
            sys.exit(f"helm: unknown: {arguments}")


def main(program: str, arguments: list[str]) -> None:
    """Run one command of a program."""
    store = Store()
    before_login = {"helm": ["registry", "login"]}.get(program, ["login"])
    if arguments[: len(before_login)] == before_login:
        login(store, arguments[len(before_login) :])
    else:
        {"docker": docker, "oras": oras, "helm": helm}[program](store, arguments)
    store.save()


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except LocalAwsError as error:
        sys.exit(str(error))
