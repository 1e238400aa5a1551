"""What some commands of crane do, with the registry of the embedded AWS.

https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane_auth_login.md
https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane_copy.md
"""

import sys
from typing import Any

import boto3

from ecr_constructs.model.partitions import read_host
from local_aws.registry import Registry


def main(*words: str) -> None:
    """Run a command."""
    match words:
        case ["auth", "login", "--username", "AWS", "--password-stdin", host]:
            assert read_host(host)
            assert sys.stdin.read().strip()
        case ["copy", "--all-tags", *options, source, target] if options in ([], ["--no-clobber"]):
            (host, _, old), (same, _, new) = source.partition("/"), target.partition("/")
            place = read_host(host)
            assert place
            assert host == same
            ecr = boto3.client("ecr", region_name=place.region)
            registry = Registry.login(ecr, name=host)
            for tag in _tags(ecr, old) - (_tags(ecr, new) if options else set()):
                registry.push(f"{new}:{tag}", registry.pull(old, tag))
        case _:
            message = f"crane does not know {words}"
            raise ValueError(message)


def _tags(ecr: Any, repository: str) -> set[str]:
    pages = ecr.get_paginator("list_images").paginate(repositoryName=repository)
    images = (image for page in pages for image in page["imageIds"])
    return {image["imageTag"] for image in images if "imageTag" in image}


if __name__ == "__main__":
    main(*sys.argv[1:])
