"""The alerts of an environment."""

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs import ScanAlerts
from ecr_constructs.environment.models import Alerts


class AlertsStack(cdk.Stack):
    """Alerts about scan findings in the images of the home registry."""

    def __init__(
        self, scope: Construct, construct_id: str, *, alerts: Alerts, **stack_properties: Any
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **stack_properties)
        scan_alerts = ScanAlerts(
            self, "Alerts", severity=alerts.severity, emails=alerts.emails or ()
        )
        self.topic = scan_alerts.topic
        arn = self.topic.topic_arn
        cdk.CfnOutput(self, "TopicArn", description="Where others subscribe", value=arn)
