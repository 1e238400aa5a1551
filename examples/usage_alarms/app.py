"""Alarms at 80 percent of ECR's quotas, told to the topic of the scan alerts."""

import aws_cdk as cdk

from ecr_constructs import ScanAlerts, UsageAlarms

app = cdk.App()
stack = cdk.Stack(app, "Alerts", env=cdk.Environment(account="111122223333", region="eu-central-1"))

alerts = ScanAlerts(stack, "Findings", emails=["platform@example.com"])
UsageAlarms(stack, "Usage", topic=alerts.topic, percent=80, repositories=["payments/api"])

app.synth()
