"""The roles by which CI deploys, and what CloudFormation may do: docs/guides/deploy-in-ci.md."""

import dataclasses
import json
import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs import CiProvider, EcrChecks, GitHubActions, GitLabCi
from ecr_constructs.environment.loading import load_environments

POLICY = Path(__file__).with_name("execution_policy.json").read_text(encoding="utf-8")
EXPECTED = cdk.Acknowledgment(id="EcrChecks::ECR212", reason="CloudFormation manages them all.")
QUALIFIER = cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
# A job that plans reads; one that deploys also uploads templates and changes stacks.
BOOTSTRAPPED = {"plan": ["lookup"], "deploy": ["lookup", "file-publishing", "deploy"]}

app = cdk.App()
cdk.Validations.of(app).add_plugins(EcrChecks())
# Without a default: the roles would trust the repository of somebody else.
project = app.node.try_get_context("project") or sys.exit("Add -c project=OWNER/NAME.")
merged = GitHubActions(repository=project, branches=["main"])
gitlab = GitLabCi(project=project, branches=["main"], claims={"ref_protected": "true"})
folder = app.node.try_get_context("environments") or "environments"
on_gitlab = app.node.try_get_context("ci") == "gitlab"
provided: set[str] = set()
for name, environment in load_environments(Path(folder)).items():
    approved = dataclasses.replace(merged, environments=[name], match="all")
    for account in dict.fromkeys(place.account for place in environment.deployed_to):
        env = cdk.Environment(account=account, region=environment.region)
        early = cdk.BootstraplessSynthesizer()
        stack = cdk.Stack(app, f"{name}-{account}", env=env, synthesizer=early)
        # CloudFormation shortens the stack's name in the names of its roles and functions.
        text = POLICY.replace("ENVIRONMENT-ecr-", f"{name}-ecr-"[:20]).replace("ACCOUNT", account)
        text = text.replace("arn:aws:", f"arn:{stack.partition}:")
        doc = iam.PolicyDocument.from_json(json.loads(text))
        execution = f"ci-execution-{name}"
        allowed = iam.ManagedPolicy(stack, "Policy", managed_policy_name=execution, document=doc)
        cdk.Validations.of(allowed).acknowledge(EXPECTED)
        if account != environment.account:
            continue  # the roles of the home account deploy there too
        for job, kinds in BOOTSTRAPPED.items():
            ci = gitlab if on_gitlab else approved if job == "deploy" else merged
            provider = ci.issuer.provider_arn(partition=stack.partition, account=account)
            trusted = iam.WebIdentityPrincipal(provider, ci.conditions())
            role = iam.Role(stack, job, role_name=f"ci-{job}-{name}", assumed_by=trusted)
            for kind in kinds:
                arns = [
                    f"arn:{stack.partition}:iam::{at.account}:role/"
                    f"cdk-{QUALIFIER}-{kind}-role-{at.account}-{at.region}"
                    for at in environment.deployed_to
                ]
                role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=arns))
        if account not in provided and not app.node.try_get_context("provider-exists"):
            provided.add(account)
            CiProvider(stack, "Provider", issuer=ci.issuer)

app.synth()
