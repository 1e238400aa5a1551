"""What a snapshot asks AWS: a table of read operations, and the IAM actions that allow them.

To read a further service, add a source to `SOURCES`: one line an operation. The collector, the
policy of the audit role, the command line and the documentation take it from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ecr_constructs.model.account_settings import ACCOUNT_SETTINGS
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle.image import INDEX_MEDIA_TYPES
from ecr_constructs.model.validation import raise_if_invalid


@dataclass(frozen=True, slots=True)
class Paging:
    """How an operation is asked for its pages.

    Attributes:
        size: The entries of a page: the most that the operation allows. 0: it is not asked for.
        token: The parameter that asks for the next page.
        limit: The parameter that asks for the entries of a page.
        following: The member of an answer with the token. Default: as the parameter.
    """

    size: int = 0
    token: str = "nextToken"
    limit: str = "maxResults"
    following: str = ""

    @property
    def member(self) -> str:
        """The member of an answer with the token of the next page."""
        return self.following or self.token


def _upper(size: int = 0, limit: str = "MaxResults") -> Paging:
    return Paging(size, "NextToken", limit)


@dataclass(frozen=True, slots=True)
class Operation:
    """A read operation, and how it is asked.

    Attributes:
        service: The service, as boto3 names its client.
        name: The operation.
        lists: The member that each answer has; what has none is no answer of the service. Default:
            what botocore says is required.
        paging: How it is asked for its pages. None: it has one page.
        fixed: The requests, or the parameters that each request has. Default: one without any.
        after: The operation whose answers list what this one is asked about. Default: none.
        over: The path of that in an answer, through lists: ``repositories.repositoryName``.
        parameter: The parameter that takes it.
        at_once: How much of it a request takes, in a list. 0: one thing, and no list.
        wrap: The member in which each entry of that list is. Default: the entry is the value.
        carry: Parameters that have the values of the request of `after`.
        where: Values of members next to the last member of `over`; others are not asked about.
        without: Members that are left out at any depth, since they hold secrets.
        is_global: Whether every Region gives the same answer.
    """

    service: str
    name: str
    lists: str = ""
    paging: Paging | None = None
    fixed: Sequence[Mapping[str, Any]] = ({},)
    after: str = ""
    over: str = ""
    parameter: str = ""
    at_once: int = 0
    wrap: str = ""
    carry: Sequence[str] = ()
    where: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    is_global: bool = False

    @property
    def action(self) -> str:
        """The IAM action that allows it."""
        return f"{_PREFIXES.get(self.service, self.service)}:{self.name}"

    @property
    def id(self) -> str:
        """The service and the operation: ``ecr:DescribeImages``."""
        return f"{self.service}:{self.name}"

    def subjects(self, output: Mapping[str, Any]) -> Iterator[Any]:
        """Yield what this operation is asked about, from a page of `after`."""
        *parents, last = self.over.split(".")
        items: list[Any] = [output]
        for name in parents:
            items = [*_members(items, name)]
        for item in items:
            if not isinstance(item, dict):
                continue
            if all(item.get(name) in values for name, values in self.where.items()):
                yield from _members([item], last)

    def requests(
        self, parent: Mapping[str, Any], subjects: Iterable[Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield the requests about things, in a stable order; the parent is that of `after`."""
        fixed = {**self.fixed[0], **{name: parent[name] for name in self.carry if name in parent}}
        things = sorted(set(subjects))
        if not self.at_once:
            yield from ({**fixed, self.parameter: thing} for thing in things)
            return
        for first in range(0, len(things), self.at_once):
            chunk = things[first : first + self.at_once]
            entries = [{self.wrap: thing} for thing in chunk] if self.wrap else chunk
            yield {**fixed, self.parameter: entries}


def _members(items: Iterable[Any], name: str) -> Iterator[Any]:
    """Yield the members of this name, and of lists each entry."""
    for item in items:
        value = item.get(name) if isinstance(item, dict) else None
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value


@dataclass(frozen=True, slots=True)
class Source:
    """A part of a snapshot that can be chosen.

    Attributes:
        name: Its name on the command line.
        about: What it tells, for help.
        operations: What is asked, each after the one that its `after` names.
        note: What a reader of the help must know. Default: nothing.
    """

    name: str
    about: str
    operations: Sequence[Operation]
    note: str = ""


_PREFIXES = {
    "bedrock-agentcore-control": "bedrock-agentcore",
    "cleanroomsml": "cleanrooms-ml",
}
_ENVIRONMENT = frozenset(
    {
        "Environment",
        "EnvironmentOverride",
        "RuntimeEnvironmentVariables",
        "environment",
        "environmentVariables",
    }
)
# In CodeBuild the image is in `environment`.
_BUILD_ENVIRONMENT = frozenset({"environmentVariables"})
_EACH_REPOSITORY = {
    "after": "ecr:DescribeRepositories",
    "over": "repositories.repositoryName",
    "parameter": "repositoryName",
}


def _ecr(name: str, lists: str = "", paging: Paging | None = None, **settings: Any) -> Operation:
    return Operation("ecr", name, lists, paging, **settings)


_REPOSITORIES = _ecr("DescribeRepositories", "repositories", Paging(1000))
_IMAGES = _ecr(
    "DescribeImages",
    "imageDetails",
    Paging(1000),
    fixed=({"filter": {"imageStatus": "ANY"}},),
    **_EACH_REPOSITORY,
)


def _listed(
    service: str, listing: tuple[str, str, Paging | None], *others: Operation
) -> tuple[Operation, ...]:
    name, member, paging = listing
    return Operation(service, name, member, paging, without=_ENVIRONMENT), *others


def _detail(
    service: str, name: str, after: str, over: str, parameter: str, **settings: Any
) -> Operation:
    """Return an operation that is asked about what another one of its service lists."""
    return Operation(
        service,
        name,
        after=f"{service}:{after}",
        over=over,
        parameter=parameter,
        **{"without": _ENVIRONMENT, **settings},
    )


# Of stacks that exist: all statuses but DELETE_COMPLETE.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
STACK_STATUSES = (
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "CREATE_IN_PROGRESS",
    "DELETE_FAILED",
    "DELETE_IN_PROGRESS",
    "IMPORT_COMPLETE",
    "IMPORT_IN_PROGRESS",
    "IMPORT_ROLLBACK_COMPLETE",
    "IMPORT_ROLLBACK_FAILED",
    "IMPORT_ROLLBACK_IN_PROGRESS",
    "REVIEW_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
)
_SERVICES = {"after": "ecs:ListServices", "over": "serviceArns"}

_TABLE = (
    Source(
        "registry",
        "settings of the registry, caches and creation templates",
        (
            _ecr("DescribeRegistry", "replicationConfiguration"),
            _ecr("GetRegistryPolicy", "policyText"),
            _ecr("GetRegistryScanningConfiguration", "scanningConfiguration"),
            _ecr("GetSigningConfiguration", "signingConfiguration"),
            _ecr(
                "GetAccountSetting",
                "name",
                fixed=tuple({"name": name} for name in ACCOUNT_SETTINGS),
            ),
            _ecr("DescribePullThroughCacheRules", "pullThroughCacheRules", Paging(1000)),
            _ecr(
                "ValidatePullThroughCacheRule",
                "isValid",
                after="ecr:DescribePullThroughCacheRules",
                over="pullThroughCacheRules.ecrRepositoryPrefix",
                parameter="ecrRepositoryPrefix",
            ),
            _ecr(
                "DescribeRepositoryCreationTemplates", "repositoryCreationTemplates", Paging(1000)
            ),
            _ecr("ListPullTimeUpdateExclusions", "pullTimeUpdateExclusions", Paging(1000)),
        ),
    ),
    Source(
        "repositories",
        "repositories with policies, lifecycle policies, tags and scanning",
        (
            _REPOSITORIES,
            _ecr("GetRepositoryPolicy", "policyText", **_EACH_REPOSITORY),
            _ecr("GetLifecyclePolicy", "lifecyclePolicyText", **_EACH_REPOSITORY),
            _ecr(
                "ListTagsForResource",
                "tags",
                after=_REPOSITORIES.id,
                over="repositories.repositoryArn",
                parameter="resourceArn",
            ),
            _ecr(
                "BatchGetRepositoryScanningConfiguration",
                "scanningConfigurations",
                after=_REPOSITORIES.id,
                over="repositories.repositoryName",
                parameter="repositoryNames",
                at_once=25,
            ),
        ),
    ),
    Source("images", "images with tags, sizes and times", (_REPOSITORIES, _IMAGES)),
    Source(
        "manifests",
        "which images an index lists",
        (
            _REPOSITORIES,
            _IMAGES,
            _ecr(
                "BatchGetImage",
                "images",
                after=_IMAGES.id,
                over="imageDetails.imageDigest",
                parameter="imageIds",
                at_once=100,
                wrap="imageDigest",
                carry=("repositoryName",),
                # An archived image cannot be pulled.
                where={
                    "imageManifestMediaType": tuple(sorted(INDEX_MEDIA_TYPES)),
                    "imageStatus": ("ACTIVE", "ACTIVATING", None),
                },
            ),
        ),
        "reading a manifest counts as a pull; it changes lastRecordedPullTime",
    ),
    Source(
        "ecs",
        "ECS tasks, services with their revisions, task definitions",
        (
            Operation("ecs", "ListClusters", "clusterArns", Paging(100)),
            _detail(
                *("ecs", "ListTasks", "ListClusters", "clusterArns", "cluster"),
                lists="taskArns",
                paging=Paging(100),
                fixed=({"desiredStatus": "RUNNING"},),
            ),
            _detail(
                *("ecs", "DescribeTasks", "ListTasks", "taskArns", "tasks"),
                lists="tasks",
                at_once=100,
                carry=("cluster",),
            ),
            _detail(
                *("ecs", "ListServices", "ListClusters", "clusterArns", "cluster"),
                lists="serviceArns",
                paging=Paging(100),
            ),
            _detail(
                *("ecs", "DescribeServices", "ListServices", "serviceArns", "services"),
                lists="services",
                at_once=10,
                carry=("cluster",),
            ),
            _detail(
                *("ecs", "ListServiceDeployments", "ListServices", "serviceArns", "service"),
                lists="serviceDeployments",
                paging=Paging(100),
                carry=("cluster",),
            ),
            _detail(
                *("ecs", "DescribeServiceRevisions", "ListServiceDeployments"),
                over="serviceDeployments.targetServiceRevisionArn",
                parameter="serviceRevisionArns",
                lists="serviceRevisions",
                at_once=20,
            ),
            Operation(
                *("ecs", "ListTaskDefinitions", "taskDefinitionArns", Paging(100)),
                fixed=({"status": "ACTIVE"},),
            ),
            _detail(
                *("ecs", "DescribeTaskDefinition", "ListTaskDefinitions"),
                over="taskDefinitionArns",
                parameter="taskDefinition",
                lists="taskDefinition",
            ),
        ),
    ),
    Source(
        "ecs-daemons",
        "ECS daemons with their revisions",
        (
            Operation("ecs", "ListClusters", "clusterArns", Paging(100)),
            _detail(
                *("ecs", "ListDaemons", "ListClusters", "clusterArns", "clusterArn"),
                lists="daemonSummariesList",
                paging=Paging(100),
            ),
            _detail(
                *("ecs", "ListDaemonDeployments", "ListDaemons"),
                over="daemonSummariesList.daemonArn",
                parameter="daemonArn",
                lists="daemonDeployments",
                paging=Paging(100),
            ),
            _detail(
                *("ecs", "DescribeDaemonRevisions", "ListDaemonDeployments"),
                over="daemonDeployments.targetDaemonRevisionArn",
                parameter="daemonRevisionArns",
                lists="daemonRevisions",
                at_once=20,
            ),
        ),
    ),
    Source(
        "lambda",
        "Lambda functions with all versions",
        (
            Operation(
                *("lambda", "ListFunctions", "Functions", Paging(50, "Marker", "MaxItems")),
                fixed=({"FunctionVersion": "ALL"},),
                without=_ENVIRONMENT,
            ),
            _detail(
                *("lambda", "GetFunction", "ListFunctions", "Functions.FunctionArn"),
                parameter="FunctionName",
                lists="Configuration",
                where={"PackageType": ("Image",)},
            ),
        ),
    ),
    Source(
        "apprunner",
        "App Runner services",
        _listed(
            "apprunner",
            ("ListServices", "ServiceSummaryList", _upper(20)),
            _detail(
                *("apprunner", "DescribeService", "ListServices"),
                over="ServiceSummaryList.ServiceArn",
                parameter="ServiceArn",
            ),
        ),
    ),
    Source(
        "batch",
        "Batch job definitions",
        (
            Operation(
                *("batch", "DescribeJobDefinitions", "jobDefinitions", Paging(100)),
                fixed=({"status": "ACTIVE"},),
                without=_ENVIRONMENT,
            ),
        ),
    ),
    Source(
        "codebuild",
        "CodeBuild projects and fleets",
        (
            Operation("codebuild", "ListProjects", "projects", Paging()),
            _detail(
                *("codebuild", "BatchGetProjects", "ListProjects", "projects", "names"),
                lists="projects",
                at_once=100,
                without=_BUILD_ENVIRONMENT,
            ),
            Operation("codebuild", "ListFleets", "fleets", Paging(100)),
            _detail(
                *("codebuild", "BatchGetFleets", "ListFleets", "fleets", "names"),
                lists="fleets",
                at_once=100,
            ),
        ),
    ),
    Source(
        "sagemaker",
        "SageMaker models, endpoints, inference components and images",
        (
            Operation("sagemaker", "ListModels", "Models", _upper(100)),
            _detail("sagemaker", "DescribeModel", "ListModels", "Models.ModelName", "ModelName"),
            Operation("sagemaker", "ListEndpoints", "Endpoints", _upper(100)),
            _detail(
                *("sagemaker", "DescribeEndpoint", "ListEndpoints"),
                over="Endpoints.EndpointName",
                parameter="EndpointName",
            ),
            Operation("sagemaker", "ListInferenceComponents", "InferenceComponents", _upper(100)),
            _detail(
                *("sagemaker", "DescribeInferenceComponent", "ListInferenceComponents"),
                over="InferenceComponents.InferenceComponentName",
                parameter="InferenceComponentName",
            ),
            Operation("sagemaker", "ListImages", "Images", _upper(100)),
            # Without a version it describes the latest one.
            _detail(
                *("sagemaker", "DescribeImageVersion", "ListImages"),
                over="Images.ImageName",
                parameter="ImageName",
            ),
        ),
    ),
    Source(
        "agentcore",
        "Bedrock AgentCore runtimes",
        _listed(
            "bedrock-agentcore-control",
            ("ListAgentRuntimes", "agentRuntimes", Paging(100)),
            _detail(
                *("bedrock-agentcore-control", "GetAgentRuntime", "ListAgentRuntimes"),
                over="agentRuntimes.agentRuntimeId",
                parameter="agentRuntimeId",
            ),
        ),
    ),
    Source(
        "emr-serverless",
        "EMR Serverless applications",
        _listed(
            "emr-serverless",
            ("ListApplications", "applications", Paging(50)),
            _detail(
                *("emr-serverless", "GetApplication", "ListApplications"),
                over="applications.id",
                parameter="applicationId",
            ),
        ),
    ),
    Source(
        "gamelift",
        "GameLift container group definitions",
        (
            Operation(
                "gamelift",
                "ListContainerGroupDefinitions",
                "ContainerGroupDefinitions",
                _upper(100, "Limit"),
                without=_ENVIRONMENT,
            ),
        ),
    ),
    Source(
        "omics",
        "HealthOmics private workflows",
        (
            Operation(
                "omics",
                "ListWorkflows",
                "items",
                Paging(100, "startingToken", "maxResults", "nextToken"),
                fixed=({"type": "PRIVATE"},),
            ),
            _detail("omics", "GetWorkflow", "ListWorkflows", "items.id", "id"),
        ),
    ),
    Source(
        "cleanrooms-ml",
        "Clean Rooms ML algorithms",
        _listed(
            "cleanroomsml",
            ("ListConfiguredModelAlgorithms", "configuredModelAlgorithms", Paging(100)),
            _detail(
                *("cleanroomsml", "GetConfiguredModelAlgorithm", "ListConfiguredModelAlgorithms"),
                over="configuredModelAlgorithms.configuredModelAlgorithmArn",
                parameter="configuredModelAlgorithmArn",
            ),
        ),
    ),
    Source(
        "lightsail",
        "Lightsail container services",
        _listed("lightsail", ("GetContainerServices", "containerServices", None)),
    ),
    Source(
        "imagebuilder",
        "Image Builder container recipes",
        _listed(
            "imagebuilder",
            ("ListContainerRecipes", "containerRecipeSummaryList", Paging(100)),
            _detail(
                *("imagebuilder", "GetContainerRecipe", "ListContainerRecipes"),
                over="containerRecipeSummaryList.arn",
                parameter="containerRecipeArn",
            ),
        ),
    ),
    Source(
        "inspector",
        "Inspector's coverage: scans, pulls and use of images",
        (
            Operation(
                *("inspector2", "ListCoverage", "coveredResources", Paging(200)),
                fixed=(
                    {
                        "filterCriteria": {
                            "resourceType": [
                                {"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}
                            ]
                        }
                    },
                ),
            ),
        ),
    ),
    Source(
        "cloudformation",
        "deployed templates, and which resources stacks own",
        (
            Operation(
                *("cloudformation", "ListStacks", "StackSummaries", _upper()),
                fixed=({"StackStatusFilter": list(STACK_STATUSES)},),
            ),
            _detail(
                *("cloudformation", "GetTemplate", "ListStacks", "StackSummaries.StackName"),
                parameter="StackName",
                fixed=({"TemplateStage": "Processed"},),
                without=frozenset(),
            ),
            _detail(
                *("cloudformation", "ListStackResources", "ListStacks"),
                over="StackSummaries.StackName",
                parameter="StackName",
                paging=_upper(),
            ),
        ),
    ),
    Source(
        "iam",
        "users, groups, roles and policies of the account",
        (
            Operation(
                *("iam", "GetAccountAuthorizationDetails", "", Paging(1000, "Marker", "MaxItems")),
                is_global=True,
            ),
        ),
    ),
    Source(
        "kms",
        "policies of the keys of repositories",
        (
            _REPOSITORIES,
            *(
                Operation(
                    "kms",
                    name,
                    fixed=(fixed,),
                    after=_REPOSITORIES.id,
                    over="repositories.encryptionConfiguration.kmsKey",
                    parameter="KeyId",
                )
                for name, fixed in (
                    ("GetKeyPolicy", {"PolicyName": "default"}),
                    ("DescribeKey", {}),
                )
            ),
        ),
    ),
    Source(
        "organizations",
        "the organization of the account",
        (Operation("organizations", "DescribeOrganization", is_global=True),),
    ),
)

SOURCES: Mapping[str, Source] = {source.name: source for source in _TABLE}
"""All sources, by name, in the order in which they are listed."""

DEFAULT_SOURCES = ("registry", "repositories", "images")

IDENTITIES = ("iam", "kms", "organizations")
_NO_WORKLOADS = (*DEFAULT_SOURCES, "manifests", "inspector", "cloudformation", *IDENTITIES)
WORKLOADS = tuple(name for name in SOURCES if name not in _NO_WORKLOADS)

GROUPS: Mapping[str, Sequence[str]] = {
    "workloads": WORKLOADS,
    "identities": IDENTITIES,
    # Without manifests, since reading them counts as a pull.
    "all": tuple(name for name in SOURCES if name != "manifests"),
}
"""Names for several sources."""

AGGREGATED_TYPES = (
    "AWS::ApiGateway::Unused",
)
