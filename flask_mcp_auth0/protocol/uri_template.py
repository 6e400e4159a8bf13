"""URI templates (RFC 6570) for resources: from a URI to variables, and from variables to a URI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .uri_template_match import Matcher
from .uri_template_syntax import RESERVED, Expression, Operator, Variable, as_uri, parse, wrong_template
from .uri_template_values import Value


class UriTemplate:
    """A template of URIs, all four levels of RFC 6570.

    :param template: as in ``docs://{section}/{page}`` or ``files://{+path}{?version}``; its scheme is fixed.
    :raises RegistrationError: with the reason, if it is malformed, or a URI could be read back in several ways.
    """

    def __init__(self, template: str) -> None:
        self.template = template
        self._parts = parse(template)
        self._matcher = Matcher(self._parts, wrong_template(template))
        expressions = [part for part in self._parts if isinstance(part, Expression)]
        #: The names of the variables, in order.
        self.variables: tuple[str, ...] = tuple(
            dict.fromkeys(variable.name for part in expressions for variable in part.variables)
        )
        #: Those that may be absent from a URI that matches.
        self.optional: frozenset[str] = self._matcher.optional

    def __repr__(self) -> str:
        return f"UriTemplate({self.template!r})"

    def match(self, uri: str) -> dict[str, Value] | None:
        """Return the variables of a URI, decoded; ``None`` if the template does not describe it.

        Takes time linear in the length of the URI. :mod:`.uri_template_match` says what matches, and what a
        value can and cannot hold.

        :return: a list for a variable with ``*``, else a text; nothing for an optional variable that is absent.
        """
        return self._matcher.match(uri)

    def expand(self, values: Mapping[str, Any]) -> str:
        """Return the URI that values make (section 3).

        :param values: texts, numbers, sequences and mappings of them; absent or ``None`` is undefined.
        :raises ValueError: if a prefix is to be taken of a list (section 2.4.1).
        """
        return "".join(part if isinstance(part, str) else _expand(part, values) for part in self._parts)


def _expand(expression: Expression, values: Mapping[str, Any]) -> str:
    operator = expression.operator
    expanded = [
        text
        for variable in expression.variables
        if (text := _expand_variable(variable, operator, values.get(variable.name))) is not None
    ]
    return operator.first + operator.separator.join(expanded) if expanded else ""


def _expand_variable(variable: Variable, operator: Operator, value: Any) -> str | None:
    """Return what a variable expands to, ``None`` where it is undefined (section 2.3)."""
    if value is None:
        return None
    if not isinstance(value, Mapping | Sequence) or isinstance(value, str):
        text = _text(value)
        return _named(variable.name, operator, _encoded(text[: variable.prefix or None], operator))
    if variable.prefix:
        raise ValueError(f"{variable.name} is a list, of which no prefix can be taken")
    pairs: list[tuple[str | None, str]]
    if isinstance(value, Mapping):
        pairs = [
            (_encoded(str(key), operator), _encoded(_text(item), operator))
            for key, item in value.items()
            if item is not None
        ]
    else:
        pairs = [(None, _encoded(_text(item), operator)) for item in value if item is not None]
    if not pairs:
        return None
    if not variable.explode:
        return _named(
            variable.name, operator, ",".join(part for pair in pairs for part in pair if part is not None)
        )
    return operator.separator.join(_exploded(variable.name, operator, key, item) for key, item in pairs)


def _exploded(name: str, operator: Operator, key: str | None, item: str) -> str:
    if key is None:
        return _named(name, operator, item)
    return _named(key, operator, item) if operator.named else f"{key}={item}"


def _named(name: str, operator: Operator, encoded: str) -> str:
    if not operator.named:
        return encoded
    return f"{name}={encoded}" if encoded else name + operator.if_empty


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _encoded(text: str, operator: Operator) -> str:
    if not operator.reserved:
        return quote(text, safe="")
    # Percent-encodings stay as they are, a percent sign of its own does not (section 3.2.1).
    parts = text.split("%")
    whole = quote(parts[0], safe=RESERVED)
    for part in parts[1:]:
        triplet = len(part) >= 2 and all(character in "0123456789abcdefABCDEF" for character in part[:2])
        whole += ("%" if triplet else "%25") + quote(part, safe=RESERVED)
    return as_uri(whole)
