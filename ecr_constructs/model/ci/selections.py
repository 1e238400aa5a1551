"""Which branches, tags and environments of a project are meant."""

import re
from collections.abc import Iterator, Sequence

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import require_list

# What Git forbids in a ref, but for the wildcards, and what no policy can hold.
# https://git-scm.com/docs/git-check-ref-format
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_REF = re.compile(r"[^\x00- \x7f~^:\\\[\u0100-\U0010ffff]+")
_TEXT = re.compile(r"[^\x00-\x1f\x7f\u0100-\U0010ffff]+")
_EXAMPLES = {"branches": "release/*", "tags": "v*", "environments": "prod-*"}


def selection_errors(**selections: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each fault of the branches, tags or environments that are given.

    Args:
        **selections: The values by keyword. Those that are known only at deploy time pass.

    Raises:
        ValueError: A string where a list is meant.
    """
    for keyword, values in selections.items():
        require_list(keyword, values)
        for value in values:
            if not is_unresolved(value):
                yield from _errors(keyword, value)


def nothing_selected(**examples: str) -> str:
    """Return the fault of a project of which nothing is selected.

    Args:
        **examples: An example for each keyword that would select something.
    """
    several = [f"{keyword} such as [{example!r}]" for keyword, example in examples.items()]
    return (
        "says nothing but the project, so that every job of it might push, on whatever branch; "
        f"give {' or '.join(several)}"
    )


def _errors(keyword: str, value: str) -> Iterator[str]:
    if not value.strip("*?/"):
        yield (
            f"{keyword}: {value!r} would admit all {keyword}, those that nobody reviewed too; name "
            f"each, or write a pattern such as {_EXAMPLES[keyword]!r}"
        )
    elif value.startswith("refs/"):
        yield f"{keyword}: {value!r} is a whole ref; write {value.split('/', 2)[-1]!r}"
    elif "${" in value:
        yield f"{keyword}: {value!r} holds '${{', which IAM takes for one of its variables"
    elif not (_TEXT if keyword == "environments" else _REF).fullmatch(value):
        yield f"{keyword}: {value!r} holds a character that Git or IAM refuses in such a name"
