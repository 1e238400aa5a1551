"""Import the library without touching a construct, next to Python that does nothing."""

from collections.abc import Sequence

from benchmarks.measure import Figure, Size, in_turn, python, run

ROUNDS = {"full": 40, "quick": 10, "tiny": 1}
# Every way to start a process raises an audit event first.
AUDIT = """
import json, sys
started = []
begin = ("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system")
sys.addaudithook(lambda event, _: started.append(event) if event in begin else None)
import ecr_constructs
heavy = ("aws_cdk", "boto3", "botocore", "constructs", "jsii", "pydantic")
print(json.dumps({"names": [name for name in heavy if name in sys.modules] + started}))
"""


def import_time(size: Size) -> Sequence[Figure]:
    """Measure the import, and count what it must not load or start."""
    commands = {"ours": python("-c", "import ecr_constructs"), "bare": python("-c", "pass")}
    in_turn(commands, 1)
    samples = in_turn(commands, ROUNDS[size])
    values = [1000 * (taken["ours"]["cpu"] - taken["bare"]["cpu"]) for taken in samples]
    names = run(python("-c", AUDIT))["names"]
    what = ", ".join(["import: CDK, jsii, processes", *names])
    return [
        Figure("import ecr_constructs", "bare Python", values, "ms", 50),
        Figure(what, "none", [float(len(names))], "count", 0),
    ]
