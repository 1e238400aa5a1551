"""Templates in YAML, with the short forms of intrinsic functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ecr_constructs.cloudformation.template import Place

# Aliases of aliases can make a short text endless; a template has at most 1 MB.
_MAX_NODES = 250_000
_MAX_DEPTH = 200
_TOO_LARGE = "not a template: nested too deeply, or too large"
_AS_REF = ("Ref", "Condition")


def read_yaml(text: str) -> tuple[Any, Callable[[Place], int | None], Sequence[Place]]:
    """Read a template, and return it with what tells the line of a place, and repeated places.

    Raises:
        CheckError: PyYAML is not installed, or the text is no YAML.
    """
    try:
        import yaml  # noqa: PLC0415 - optional, and slow to import
    except ModuleNotFoundError:
        msg = "reading YAML needs PyYAML: pip install 'ecr-constructs[cli]'"
        raise CheckError(msg) from None
    kind = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader = kind(text)
    try:
        _check_depth(yaml.parse(text, Loader=kind))
        node = loader.get_single_node()
        reader = _Reader(loader, yaml)
        content = None if node is None else reader.read(node, ())
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        msg = f"not YAML: {problem}{where}"
        raise CheckError(msg) from None
    finally:
        loader.dispose()
    return content, reader.lines.get, reader.repeated


def _check_depth(events: Iterable[Any]) -> None:
    """Refuse what is nested so deeply that libyaml, which recurses, would crash."""
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth > _MAX_DEPTH:
            raise CheckError(_TOO_LARGE)


class _Reader:
    """Makes Python values of YAML nodes, and notes their lines."""

    def __init__(self, loader: Any, yaml: Any) -> None:
        self.lines: dict[Place, int] = {}
        self.repeated: list[Place] = []
        self._loader = loader
        self._yaml = yaml
        self._count = 0
        self._own: dict[int, int] = {}

    def read(self, node: Any, place: Place) -> Any:
        """Return the value of a node."""
        self._count += 1
        if self._count > _MAX_NODES or len(place) > _MAX_DEPTH:
            raise CheckError(_TOO_LARGE)
        self.lines.setdefault(place, node.start_mark.line + 1)
        tag = node.tag
        if tag.startswith("!") and len(tag) > 1:
            name = tag[1:] if tag[1:] in _AS_REF else f"Fn::{tag[1:]}"
            value = self._plain(node, (*place, name))
            if name == "Fn::GetAtt" and isinstance(value, str):
                value = value.split(".", 1)
            return {name: value}
        return self._plain(node, place)

    def _plain(self, node: Any, place: Place) -> Any:
        if isinstance(node, self._yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, self._yaml.SequenceNode):
            return [self.read(each, (*place, index)) for index, each in enumerate(node.value)]
        # CloudFormation knows no dates: 2012-10-17 is a text.
        if node.tag.startswith("!") or node.tag.endswith(":timestamp"):
            return node.value
        return self._loader.construct_object(node)

    def _mapping(self, node: Any, place: Place) -> Mapping[str, Any]:
        # What is merged in, with <<, then comes first, and may be written anew. A node that is
        # referred to again is flat already.
        own = len([each for each, _ in node.value if not each.tag.endswith(":merge")])
        own = self._own.setdefault(id(node), own)
        self._loader.flatten_mapping(node)
        content: dict[str, Any] = {}
        written: set[str] = set()
        for index, (key_node, value_node) in enumerate(node.value):
            key = str(self._plain(key_node, place))
            if key in written:
                self.repeated.append((*place, key))
            if index >= len(node.value) - own:
                written.add(key)
            content[key] = self.read(value_node, (*place, key))
            self.lines[*place, key] = key_node.start_mark.line + 1
        return content
