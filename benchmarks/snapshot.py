"""Write a snapshot of a registry at a loopback endpoint that takes 20 ms for each call.

Four figures. The time next to what the calls allow at this concurrency; it has no budget, since it
is that of a machine that does nothing else. The CPU time of a call: at most a fifth of 20 ms, so
that five calls at a time wait for AWS and not for us. The CPU time of large pages, next to reading
and writing the same JSON with the standard library. The memory that these large pages take.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, Size, python, run
from ecr_constructs.live.collect import Collector, write_snapshot

# Rounds; repositories with small pages; repositories with 1,000 images.
SIZES = {"full": (3, 400, 1_000), "quick": (1, 200, 100), "tiny": (1, 40, 2)}
DELAY_SECONDS, CONCURRENCY, IMAGES = 0.02, 5, 1_000
_DIGEST = "sha256:{:064x}"


def snapshot(size: Size) -> Sequence[Figure]:
    """Measure time, CPU time and memory."""
    rounds, small, large = SIZES[size]
    spent, calling, cost, memory = [], [], [], []
    for _ in range(rounds):
        sample = _collect(small, 1)
        possible = sample["calls"] * DELAY_SECONDS / CONCURRENCY
        spent.append(sample["seconds"] / possible)
        start = _collect(0, 1)
        calling.append(1000 * (sample["cpu"] - start["cpu"]) / (sample["calls"] - start["calls"]))
        empty, full = _collect(1, IMAGES), _collect(large, IMAGES)
        parsing = run(python("-m", "benchmarks.snapshot", "json", large - 1, IMAGES))
        cost.append((full["cpu"] - empty["cpu"]) / parsing["seconds"])
        memory.append(full["megabytes"])
    few = f"snapshot, {small:,} repositories"
    many = f"snapshot, {large:,} repositories of {IMAGES:,}"
    return [
        Figure(f"{few}, time", "possible", spent),
        Figure(f"{few}, CPU of a call", "", calling, "ms", DELAY_SECONDS * 1000 / 5),
        Figure(f"{many}, CPU", "json", cost, "x", 4),
        Figure(f"{many}, MB", "", memory, "count", 300),
    ]


def _collect(repositories: int, images: int) -> dict[str, Any]:
    command = python("-m", "benchmarks.snapshot", "serve", repositories, images)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        try:
            return dict(run(python("-m", "benchmarks.snapshot", "collect", port, 0)))
        finally:
            server.kill()


def _page(repository: str, images: int) -> dict[str, Any]:
    return {
        "imageDetails": [
            {
                "registryId": "111122223333",
                "repositoryName": repository,
                "imageDigest": _DIGEST.format(hash((repository, number)) % 2**63),
                "imageTags": [f"v1.{number}"],
                "imageSizeInBytes": 50_000_000 + number,
                "imagePushedAt": 1_790_000_000.5 + number,
                "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                "artifactMediaType": "application/vnd.oci.image.config.v1+json",
                "lastRecordedPullTime": 1_790_000_000.5 + 2 * number,
                "imageStatus": "ACTIVE",
            }
            for number in range(images)
        ]
    }


_CALLER = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>"
    b"<Arn>arn:aws:iam::111122223333:user/benchmark</Arn></GetCallerIdentityResult>"
    b"</GetCallerIdentityResponse>"
)


def _answers(repositories: int, images: int) -> dict[str, bytes]:
    names = [f"team/app-{number}" for number in range(repositories)]
    answers = {
        "DescribeRepositories": {
            "repositories": [
                {"repositoryName": name, "repositoryArn": f"arn:{name}"} for name in names
            ]
        },
        "DescribeImages": _page("team/app", images),
        "GetRepositoryPolicy": {"policyText": "{}"},
        "GetLifecyclePolicy": {"lifecyclePolicyText": "{}"},
        "ListTagsForResource": {"tags": []},
        "BatchGetRepositoryScanningConfiguration": {"scanningConfigurations": []},
    }
    return {name: json.dumps(answer).encode() for name, answer in answers.items()}


async def _serve(repositories: int, images: int) -> None:
    """Answer after the delay, any number of calls at the same time."""
    answers = _answers(repositories, images)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            lines = head.decode().split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
            }
            await reader.readexactly(int(headers["content-length"]))
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            body = answers[operation] if operation else _CALLER
            await asyncio.sleep(DELAY_SECONDS)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _write(port: int) -> dict[str, Any]:
    """Write a file, and tell what it took; creating the client is not counted."""
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="secret",  # noqa: S106 - of nobody
        AWS_REGION="eu-central-1",
        AWS_CONFIG_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
    collector = Collector(["repositories", "images"], concurrency=CONCURRENCY)
    caller = collector.caller()
    collector.header(caller)
    for service in ("ecr", "sts"):
        caller.session.client(service)
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        summary = write_snapshot(collector, caller, lambda _: Path(folder) / "s.jsonl.gz")
        seconds = time.monotonic() - started
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"calls": summary.calls, "seconds": seconds, "megabytes": kilobytes // 1024}


def _parse(pages: int, images: int) -> dict[str, Any]:
    """Read and write the JSON of pages."""
    text = json.dumps(_page("team/app", images))
    started = time.process_time()
    for _ in range(pages):
        json.dumps(json.loads(text))
    return {"seconds": time.process_time() - started}


if __name__ == "__main__":
    way, first, second = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if way == "serve":
        asyncio.run(_serve(first, second))
    else:
        print(json.dumps(_write(first) if way == "collect" else _parse(first, second)))
