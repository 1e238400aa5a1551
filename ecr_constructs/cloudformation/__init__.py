"""Reading CloudFormation templates and CDK cloud assemblies."""
