"""Files that are broken, or made to break their reader, out of valid ones."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

# Control characters and half surrogates; nesting and digits without end; odd numbers; anchors, tags
# and directives of YAML; what means something to a template, a log or a pattern.
_WORDS = [
    *("\0", "\x1b", "\ufeff", "\u202e", "\u2028", "\x85", "\t", "\r", "\n", "\\u0000", "\\ud800"),
    *("[", "]", "{", "}", "[" * 300, '{"a":' * 300, "{a: " * 300, "9" * 5_000, "0x" + "f" * 2_000),
    *("1e999", ".inf", "NaN", "-Infinity", "1:" * 400 + "1", "null", "true", "{}", "[]", '""', "1"),
    *(
        "&a ",
        "*a",
        "&a [*a]",
        "&a {<<: *a}",
        "<<: ",
        "? ",
        ": ",
        "- ",
        "#",
        "|\n",
        "---\n",
        "%A 1\n",
    ),
    *(
        "!!int ",
        "!!float ",
        "!!bool ",
        "!!binary ",
        "!!set ",
        "!!python/object:os.system ",
        "!Sub ",
    ),
    *(['{"a": 1, "a": 2}', '{"Ref": []}', "::error::", "0001-01-01T00:00:00Z", "*a*a*a"]),
]
_VALUES: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**500, 1e308, -(10**18), 2**63, [], {}, [None], [[[]]]),
    *("", "\0", "\x1b[31m", "\u202e", "::error::", "x" * 3_000, "*a" * 500, "${" * 500, "${Token["),
    *(
        "..",
        "/etc/passwd",
        "a/\0",
        "9" * 400,
        "0001-01-01",
        "9999-12-31T23:59:59+00:00",
        "{}",
        "[1]",
    ),
    *({"Ref": None}, {"Ref": {}}, {"Fn::Sub": []}, {"Fn::GetAtt": [1]}, {"Fn::If": []}),
    *({"Fn::Join": [1, {}]}, {"Fn::Select": ["x", 1]}, {"Fn::ForEach::A": []}),
]


@st.composite
def broken_texts(draw: st.DrawFn, text: str) -> bytes:
    """Return a text with something written into it, or over it, or cut off."""
    data = text.encode()
    for _ in range(draw(st.integers(1, 3))):
        word = draw(st.sampled_from(_WORDS).map(str.encode) | st.binary(max_size=4))
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.sampled_from([0, 1, 5, 20, len(data)]))
        data = data[:start] + word + data[end:]
    return data


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    below: list[tuple[Any, ...]] = []
    for key, item in items:
        below += _places(item, (*place, key)) if isinstance(item, dict | list) else []
    keys = value if isinstance(value, dict) else range(len(value))
    return [*((*place, key) for key in keys), *below]


@st.composite
def broken_documents(draw: st.DrawFn, document: Any) -> bytes:
    """Return the JSON of a document with other values in some places."""
    changed = deepcopy(document)
    for _ in range(draw(st.integers(1, 2))):
        *above, key = draw(st.sampled_from(_places(changed)))
        parent = changed
        for step in above:
            parent = parent[step]
        parent[key] = draw(st.sampled_from(_VALUES))
    return json.dumps(changed).encode()
