"""A review as annotations of a run of GitHub Actions."""

from ecr_constructs.report.review import to_github
from tests.unit.review.changes import change, note, reviewed


def test_each_change_is_an_annotation() -> None:
    """The worst first, since GitHub shows ten of a severity."""
    worst = change(details=("The deployment fails.",))
    whole = change(
        kind="finding", severity="warning", resource="", repository=None, summary="ECR901: none"
    )

    assert to_github(reviewed([note(1), whole, worst])).splitlines() == [
        (
            "::error title=Replaced%3A payments/api::payments/api is replaced "
            "(EncryptionConfiguration): its images are left behind%0AThe deployment fails."
        ),
        "::warning title=Finding%3A Prod/Payments::ECR901: none",
        ("::notice title=Other%3A batch/job-00001::batch/job-00001 is new: IMMUTABLE, AES256"),
        "1 error, 1 warning, 1 note. Findings of check: 1 new, 2 known, 3 gone.",
    ]


def test_a_change_is_one_command() -> None:
    """Nothing in a template begins a command of its own, or ends a property."""
    evil = change(
        summary="100%\n::set-output name=x::y\r::stop-commands::z", repository="a,b:c\n::error::d"
    )

    first, _ = to_github(reviewed([evil])).splitlines()
    assert first == (
        "::error title=Replaced%3A a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ad::"
        "100%25%0A::set-output name=x::y%0D::stop-commands::z"
    )
