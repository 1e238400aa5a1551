"""What Amazon ECR accepts and does, in plain Python.

Everything else in this library renders these values, compares templates with them or
explains them. Nothing here imports the CDK, boto3 or pydantic.
"""
