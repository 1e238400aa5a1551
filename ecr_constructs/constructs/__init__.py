"""The AWS CDK constructs; the only part that imports aws_cdk."""
