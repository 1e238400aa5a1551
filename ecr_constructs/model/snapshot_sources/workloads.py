"""What runs images: a source for each service that holds references of them."""

from ecr_constructs.model.snapshot_sources.operation import (
    Paging,
    Source,
    about,
    capital_paging,
    listing,
)

_CLUSTERS = listing("ecs:ListClusters", "clusterArns", Paging(100))
_DEFINITIONS = "ecs:ListTaskDefinitions"
_DEPLOYMENTS = "ecs:ListServiceDeployments"
_COMPONENTS = "sagemaker:ListInferenceComponents"
_RUNTIMES = "bedrock-agentcore-control:ListAgentRuntimes"
_ALGORITHMS = "cleanroomsml:ListConfiguredModelAlgorithms"
_RECIPES = "imagebuilder:ListContainerRecipes"
_GAME_GROUPS = "gamelift:ListContainerGroupDefinitions"
_IN_CLUSTER = {"carry": ("cluster",)}


WORKLOADS = (
    Source(
        "ecs",
        "ECS tasks, services with their revisions, task definitions",
        (
            _CLUSTERS,
            about(
                _CLUSTERS.id,
                "clusterArns",
                "ListTasks",
                "cluster",
                lists="taskArns",
                paging=Paging(100),
                fixed=({"desiredStatus": "RUNNING"},),
            ),
            about(
                "ecs:ListTasks", "taskArns", "DescribeTasks", "tasks", at_once=100, **_IN_CLUSTER
            ),
            about(
                _CLUSTERS.id,
                "clusterArns",
                "ListServices",
                "cluster",
                lists="serviceArns",
                paging=Paging(100),
            ),
            about(
                "ecs:ListServices",
                "serviceArns",
                "DescribeServices",
                "services",
                at_once=10,
                **_IN_CLUSTER,
            ),
            about(
                "ecs:ListServices",
                "serviceArns",
                "ListServiceDeployments",
                "service",
                paging=Paging(100),
                **_IN_CLUSTER,
            ),
            about(
                _DEPLOYMENTS,
                "serviceDeployments.targetServiceRevisionArn",
                "DescribeServiceRevisions",
                "serviceRevisionArns",
                at_once=20,
            ),
            listing(_DEFINITIONS, "taskDefinitionArns", Paging(100), fixed=({"status": "ACTIVE"},)),
            about(_DEFINITIONS, "taskDefinitionArns", "DescribeTaskDefinition", "taskDefinition"),
        ),
    ),
    Source(
        "ecs-daemons",
        "ECS daemons with their revisions",
        (
            _CLUSTERS,
            about(_CLUSTERS.id, "clusterArns", "ListDaemons", "clusterArn", paging=Paging(100)),
            about(
                "ecs:ListDaemons",
                "daemonSummariesList.daemonArn",
                "ListDaemonDeployments",
                "daemonArn",
                paging=Paging(100),
            ),
            about(
                "ecs:ListDaemonDeployments",
                "daemonDeployments.targetDaemonRevisionArn",
                "DescribeDaemonRevisions",
                "daemonRevisionArns",
                at_once=20,
            ),
        ),
    ),
    Source(
        "eks",
        "names of EKS clusters; --kubernetes adds what runs in them",
        (listing("eks:ListClusters", "clusters", Paging(100)),),
    ),
    Source(
        "lambda",
        "Lambda functions with all versions",
        (
            listing(
                "lambda:ListFunctions",
                "Functions",
                Paging(50, "Marker", "MaxItems", "NextMarker"),
                fixed=({"FunctionVersion": "ALL"},),
            ),
            about(
                "lambda:ListFunctions",
                "Functions.FunctionArn",
                "GetFunction",
                "FunctionName",
                lists="Configuration",
                where={"PackageType": ("Image",)},
            ),
        ),
    ),
    Source(
        "apprunner",
        "App Runner services",
        (
            listing("apprunner:ListServices", "ServiceSummaryList", capital_paging(20)),
            about(
                "apprunner:ListServices",
                "ServiceSummaryList.ServiceArn",
                "DescribeService",
                "ServiceArn",
            ),
        ),
    ),
    Source(
        "batch",
        "Batch job definitions",
        (
            listing(
                "batch:DescribeJobDefinitions",
                "jobDefinitions",
                Paging(100),
                fixed=({"status": "ACTIVE"},),
            ),
        ),
    ),
    Source(
        "codebuild",
        "CodeBuild projects and fleets",
        (
            listing("codebuild:ListProjects", "projects", Paging()),
            about(
                "codebuild:ListProjects",
                "projects",
                "BatchGetProjects",
                "names",
                at_once=100,
                # The image is in `environment`.
                without=frozenset({"environmentVariables"}),
            ),
            listing("codebuild:ListFleets", "fleets", Paging(100)),
            about(
                "codebuild:ListFleets",
                "fleets",
                "BatchGetFleets",
                "names",
                at_once=100,
                without=frozenset(),
            ),
        ),
    ),
    Source(
        "sagemaker",
        "SageMaker models, endpoints, inference components and images",
        (
            listing("sagemaker:ListModels", "Models", capital_paging(100)),
            about("sagemaker:ListModels", "Models.ModelName", "DescribeModel", "ModelName"),
            listing("sagemaker:ListEndpoints", "Endpoints", capital_paging(100)),
            about(
                "sagemaker:ListEndpoints",
                "Endpoints.EndpointName",
                "DescribeEndpoint",
                "EndpointName",
            ),
            listing(_COMPONENTS, "InferenceComponents", capital_paging(100)),
            about(
                _COMPONENTS,
                "InferenceComponents.InferenceComponentName",
                "DescribeInferenceComponent",
                "InferenceComponentName",
            ),
            listing("sagemaker:ListImages", "Images", capital_paging(100)),
            # Without a version it describes the latest one.
            about("sagemaker:ListImages", "Images.ImageName", "DescribeImageVersion", "ImageName"),
        ),
    ),
    Source(
        "agentcore",
        "Bedrock AgentCore runtimes",
        (
            listing(_RUNTIMES, "agentRuntimes", Paging(100)),
            about(_RUNTIMES, "agentRuntimes.agentRuntimeId", "GetAgentRuntime", "agentRuntimeId"),
        ),
    ),
    Source(
        "emr-serverless",
        "EMR Serverless applications",
        (
            listing("emr-serverless:ListApplications", "applications", Paging(50)),
            about(
                "emr-serverless:ListApplications",
                "applications.id",
                "GetApplication",
                "applicationId",
            ),
        ),
    ),
    Source(
        "gamelift",
        "GameLift container group definitions",
        (
            listing(
                _GAME_GROUPS, "ContainerGroupDefinitions", Paging(100, "NextToken", limit="Limit")
            ),
        ),
    ),
    Source(
        "omics",
        "HealthOmics private workflows",
        (
            listing(
                "omics:ListWorkflows",
                "items",
                Paging(100, "startingToken", following="nextToken"),
                fixed=({"type": "PRIVATE"},),
            ),
            about("omics:ListWorkflows", "items.id", "GetWorkflow", "id"),
        ),
    ),
    Source(
        "cleanrooms-ml",
        "Clean Rooms ML algorithms",
        (
            listing(_ALGORITHMS, "configuredModelAlgorithms", Paging(100)),
            about(
                _ALGORITHMS,
                "configuredModelAlgorithms.configuredModelAlgorithmArn",
                "GetConfiguredModelAlgorithm",
                "configuredModelAlgorithmArn",
            ),
        ),
    ),
    Source(
        "lightsail",
        "Lightsail container services",
        (listing("lightsail:GetContainerServices", "containerServices"),),
    ),
    Source(
        "imagebuilder",
        "Image Builder container recipes",
        (
            listing(_RECIPES, "containerRecipeSummaryList", Paging(100)),
            about(
                _RECIPES,
                "containerRecipeSummaryList.arn",
                "GetContainerRecipe",
                "containerRecipeArn",
            ),
        ),
    ),
)
"""In the order in which they are listed."""
