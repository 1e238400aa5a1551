"""What a Repository rejects: in the caller's own frame, before anything is built."""

import traceback
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from ecr_constructs import Encryption, Repository
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import ACCOUNT, OTHER_ACCOUNT, OTHER_REGION, children, rejects_value
from tests.support.errors import rejects

FOREIGN_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"




def incomplete() -> iam.PolicyStatement:
    """Return a statement without a principal."""
    return iam.PolicyStatement(actions=["ecr:BatchGetImage"])












def test_raises_in_the_callers_frame(stack: cdk.Stack) -> None:
    """The traceback begins at the caller's line and ends here: Node was never asked."""
    with pytest.raises(ValidationError) as caught:
        Repository(stack, "Api", repository_name="Payments")

    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert __file__ == files[0]
    assert [] == [file for file in files if "jsii/_kernel" in file]


def test_an_unknown_region_is_not_judged(app: cdk.App) -> None:
    """In a stack without a Region nothing is known about the key's, so it passes."""
    stack = cdk.Stack(app, "Agnostic")
    Repository(stack, "Api", encryption=Encryption.customer_managed(FOREIGN_KEY))

    assert ["Api"] == children(stack)


def test_a_statement_added_later_must_say_who(stack: cdk.Stack) -> None:
    """A statement without a principal is rejected whenever it comes."""
    repository = Repository(stack, "Api")

    with rejects("principals: statement-without-principal"):
        repository.add_to_resource_policy(incomplete())


