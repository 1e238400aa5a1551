"""What the server's process is forbidden: to start programs, and to open connections."""

import json
import subprocess
import sys

import pytest

from local_aws import paths

# Each by another way of Python's library.
ATTEMPTS = {
    "Popen": "subprocess.Popen(['true'])",
    "a shell": "subprocess.run('true', shell=True)",
    "system": "os.system('true')",
    "popen": "os.popen('true').read()",
    "fork": "os.fork()",
    "exec": "os.execv('/bin/true', ['true'])",
    "spawn": "os.spawnv(os.P_WAIT, '/bin/true', ['true'])",
    "posix_spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "a terminal": "pty.fork()",
    "multiprocessing": "multiprocessing.get_context('spawn').Process(target=print).start()",
    "a server of forks": "multiprocessing.get_context('forkserver').Process(target=print).start()",
    "asyncio's process": "asyncio.run(asyncio.create_subprocess_exec('true'))",
    "a connection": "socket.create_connection(('127.0.0.1', 1))",
    "connect_ex": "socket.socket().connect_ex(('127.0.0.1', 1))",
    "Docker": "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
    "a datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))",
    "DNS": "socket.gethostbyname('localhost')",
    "http": "http.client.HTTPConnection('127.0.0.1', 1).request('GET', '/')",
    "urllib": "urllib.request.urlopen('http://127.0.0.1:1')",
    "asyncio's connection": "asyncio.run(asyncio.open_connection('127.0.0.1', 1))",
    "another listener": "socket.create_server(('127.0.0.1', 0))",
    "another interface": "socket.create_server(('0.0.0.0', 1))",
}
PROGRAM = """
import asyncio, http.client, json, multiprocessing, os, pty, socket, subprocess, sys, urllib.request
from local_aws.overlay.confinement import forbid_programs_and_connections

forbid_programs_and_connections(("127.0.0.1", 1))
refused = {}
for name, attempt in json.loads(sys.argv[1]).items():
    try:
        eval(attempt)
    except OSError as error:
        refused[name] = str(error)
print(json.dumps(refused))
"""


@pytest.fixture(scope="module")
def refused() -> dict[str, str]:
    """Why each attempt failed, in one process; what succeeded is missing."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, json.dumps(ATTEMPTS)],
        cwd=paths.PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    reasons: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return reasons


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_gets_out(refused: dict[str, str], attempt: str) -> None:
    """It is the ban that refuses, and not the address."""
    assert "The embedded AWS " in refused[attempt]
