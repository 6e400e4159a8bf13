"""Types that a client could have checked for hours.

A union that leads back to itself through more than one of its arms is tried arm by arm at every level of the
arguments: 30 levels of ``{"children": [...]}`` are some hundred bytes, and 2³⁰ attempts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .type_walk import below, children

Node = Mapping[str, Any]

#: Stands for every property, and for every kind.
_ANY = "*"

_ARRAYS = frozenset({"list", "tuple", "set", "frozenset", "generator"})
_OBJECTS = frozenset({"dict", "model", "model-fields", "typed-dict", "dataclass", "dataclass-args"})
_WITH_FIELDS = frozenset({"model-fields", "typed-dict", "dataclass-args", "named-tuple", "arguments"})


class _Way(NamedTuple):
    """Where in a value the union comes again.

    :param container: ``object`` or ``array``.
    :param name: of the property; ``*`` for any.
    :param kind: of what is there: ``object``, ``array`` or ``*``.
    """

    container: str
    name: str
    kind: str

    def meets(self, other: _Way) -> bool:
        """Tell whether one value can be both."""
        return self.container == other.container and all(
            mine == theirs or _ANY in (mine, theirs)
            for mine, theirs in ((self.name, other.name), (self.kind, other.kind))
        )


def costly_union(core: Node) -> list[str] | None:
    """Look for a union whose check takes twice as long, or longer, with every level of the arguments.

    That takes two arms that lead back to the union in the same place: by a property of the same name, or by
    items. A union with a discriminator goes straight to one arm, and is none. Two fields of a model that take the
    same property, by an alias, cost as much.

    :param core: a core schema of pydantic's.
    :return: the names of the arms, or of the fields; ``None`` if there is no such union.
    """
    nodes = list(below(core))
    definitions = {node["ref"]: node for node in nodes if "ref" in node}
    found = (_Search(node, definitions).twice() for node in nodes)
    return next((names for names in found if names is not None), None)


class _Search:
    """For what leads back to a node twice in the same place: the arms of a union, the fields of a model."""

    def __init__(self, union: Node, definitions: Mapping[str, Node]) -> None:
        self._union = union
        self._definitions = definitions

    def twice(self) -> list[str] | None:
        """Return the names of what leads back so, ``None`` where nothing does."""
        kind = self._union.get("type")
        return self._arms() if kind == "union" else self._fields() if kind in _WITH_FIELDS else None

    def _arms(self) -> list[str] | None:
        earlier: list[tuple[Node, set[_Way]]] = []
        for arm in children(self._union):
            ways = set(self._ways(arm, ()))
            for other, others in earlier:
                if any(way.meets(another) for way in ways for another in others):
                    return [self._name_of(other), self._name_of(arm)]
            earlier.append((arm, ways))
        return None

    def _fields(self) -> list[str] | None:
        takers = defaultdict[str, list[Node]](list)
        for name, field in self._named(self._union):
            takers[name].append(field)
        for name, fields in takers.items():
            if len(fields) > 1 and sum(map(self._leads_back, fields)) > 1:
                return [name, name]
        return None

    def _ways(self, node: Node, above: tuple[int, ...]) -> Iterator[_Way]:
        """Yield the ways from a node back to the union; through every wrapper, and every arm of a union within."""
        node = self._resolved(node)
        if id(node) in above:
            return
        kind = str(node.get("type"))
        if kind in _ARRAYS:
            yield from self._through(children(node), "array", _ANY)
        elif kind == "dict":
            yield from self._through(children(node), "object", _ANY)
        elif kind in _WITH_FIELDS:
            for name, inner in self._named(node):
                yield from self._through([inner], "object", name)
                if kind in ("named-tuple", "arguments"):
                    yield from self._through([inner], "array", _ANY)
            extras = node.get("extras_schema")
            if extras is not None:
                yield from self._through([extras], "object", _ANY)
        else:
            for inner in children(node):
                yield from self._ways(inner, (*above, id(node)))

    def _through(self, inner: Any, container: str, name: str) -> Iterator[_Way]:
        for node in inner:
            for kind in self._kinds_back(node):
                yield _Way(container, name, kind)

    def _kinds_back(self, node: Node, above: tuple[int, ...] = ()) -> set[str]:
        """Return of which kinds a value is, by which a node leads to the union."""
        node = self._resolved(node)
        if node is self._union:
            return {_ANY}
        kind = str(node.get("type"))
        if id(node) in above:
            return set()
        if kind in _ARRAYS or kind in _OBJECTS or kind in _WITH_FIELDS:
            if not self._leads_back(node):
                return set()
            return {"array"} if kind in _ARRAYS else {"object"} if kind in _OBJECTS else {_ANY}
        return {found for inner in children(node) for found in self._kinds_back(inner, (*above, id(node)))}

    def _leads_back(self, node: Node) -> bool:
        seen: set[int] = set()
        todo = [node]
        while todo:
            here = self._resolved(todo.pop())
            if here is self._union:
                return True
            if id(here) not in seen:
                seen.add(id(here))
                todo += children(here)
        return False

    def _named(self, node: Node) -> Iterator[tuple[str, Node]]:
        fields = node["arguments_schema"] if node.get("type") == "arguments" else node["fields"]
        listed = (
            fields.items()
            if isinstance(fields, Mapping)
            else [(field.get("name"), field) for field in fields]
        )
        for own_name, field in listed:
            alias = field.get("validation_alias", field.get("alias"))
            paths = alias if isinstance(alias, list) and alias and isinstance(alias[0], list) else [alias]
            # By its own name as well: whether that is taken too is set in many places, and matters to few.
            names = {own_name, *(path[0] if isinstance(path, list) else path for path in paths if path)}
            for name in sorted(map(str, names)):
                yield name, field

    def _resolved(self, node: Node) -> Node:
        while node.get("type") == "definition-ref" and node["schema_ref"] in self._definitions:
            node = self._definitions[node["schema_ref"]]
        return node

    def _name_of(self, arm: Node) -> str:
        arm = self._resolved(arm)
        named = getattr(arm.get("cls", arm.get("function")), "__name__", None)
        return str(named or arm.get("cls_name") or arm.get("type"))
