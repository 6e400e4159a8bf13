"""Which URIs a template describes, and what its variables are in them.

RFC 6570 defines expansion only (section 1.4 leaves the way back to others). Here a URI matches if an expansion
could have made it, with the rules that make the way back one and safe:

- variables of ``{x}`` and ``{+x}`` are there and not empty; what an operator introduces may be absent.
- percent-encoding is undone once. What is not UTF-8, or holds control characters, matches nothing.
- a value of ``{x}``, ``{.x}``, ``{/x}`` or ``{;x}`` names one thing: with a slash or backslash in it, however
  encoded, or as ``.`` or ``..``, it matches nothing. A value of ``{+x}`` or ``{#x}`` may hold slashes, but no
  segment ``..``, nor begin with a slash where the template has one before it. Even so, whoever opens files by
  such a name has to resolve it and see that the result lies where it should.
- a value of ``{?x}`` is free text; its pairs may come in any order, a name that is not in the template matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .uri_template_pattern import Element, Literal, Maybe, Run, match
from .uri_template_syntax import RESERVED, UNRESERVED, Expression, Variable, Wrong, as_uri
from .uri_template_values import Capture, Value, agreed, decoded, read

#: Longest URI that is looked at, in characters.
MAX_URI = 8192

_VALUE = UNRESERVED + "%"
_RESERVED_VALUE = _VALUE + RESERVED
_QUERY_VALUE = re.compile(r"[A-Za-z0-9\-._~%:/?@!$'()*+,;=]*")
_URI = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-F]{2})*")


_Elements = tuple[Element[Capture], ...]


class Matcher:
    """Finds the variables of a template in a URI.

    :param parts: the parsed template.
    :param wrong: makes the error where the way back would not be one.
    """

    def __init__(self, parts: Sequence[str | Expression], wrong: Wrong) -> None:
        base, query, fragment = _divide(parts, wrong)
        self._query = {variable.name: variable for expression in query for variable in expression.variables}
        self._has_query = bool(query)
        if len(self._query) < sum(len(expression.variables) for expression in query):
            raise wrong("names a variable twice in its query")
        literals = "".join(part for part in base if isinstance(part, str))
        #: How many pairs of the query belong to the base, as in ``?fixed=1{&more}``.
        self._base_pairs = literals.count("&") + 1 if "?" in literals else 0
        # Without a query or fragment to come, a reserved expansion may hold their signs.
        reserved = _RESERVED_VALUE
        for sign, present in (("?", query), ("#", query or fragment)):
            reserved = reserved.replace(sign, "") if present else reserved
        self._base = _elements(base, reserved)
        self._fragment = _elements(fragment, _RESERVED_VALUE)
        self._splits_fragment = bool(query or fragment)
        _check(self._base, wrong)
        _check(self._fragment, wrong)
        first = parts[0]
        self._beginning = first if isinstance(first, str) else ""
        self.optional = frozenset(self._query) | _optional(self._base) | _optional(self._fragment)
        self.optional -= _required(self._base) | _required(self._fragment)

    def match(self, uri: str) -> dict[str, Value] | None:
        """Return the variables that are in a URI; ``None`` if the template does not describe it."""
        if len(uri) > MAX_URI:
            return None
        try:
            uri = as_uri(uri)
        except UnicodeEncodeError:
            return None
        if not uri.startswith(self._beginning) or not _URI.fullmatch(uri) or len(uri) > MAX_URI:
            return None
        pairs: list[str] = []
        fragment = ""
        if self._splits_fragment:
            uri, sign, fragment = uri.partition("#")
            fragment = sign + fragment
        if self._has_query:
            uri, pairs = self._split_query(uri)
        captures = match(self._base, uri)
        ending = match(self._fragment, fragment) if self._fragment or fragment else []
        if captures is None or ending is None:
            return None
        found = [*read(captures), *read(ending), *self._read_query(pairs)]
        return agreed(found)

    def _split_query(self, uri: str) -> tuple[str, list[str]]:
        path, sign, query = uri.partition("?")
        if not sign:
            return uri, []
        pairs = query.split("&")
        base = "&".join(pairs[: self._base_pairs])
        return (f"{path}?{base}" if self._base_pairs else path), pairs[self._base_pairs :]

    def _read_query(self, pairs: Iterable[str]) -> Iterable[tuple[Variable, Value | None]]:
        values: dict[str, list[str]] = {}
        for pair in pairs:
            name, sign, raw = pair.partition("=")
            variable = self._query.get(name)
            value = decoded(raw) if sign and _QUERY_VALUE.fullmatch(raw) else None
            if (
                variable is None
                or value is None
                or "\0" in value
                or (name in values and not variable.explode)
            ):
                yield Variable(name), None
                return
            values.setdefault(name, []).append(value)
        for name, found in values.items():
            variable = self._query[name]
            yield variable, found if variable.explode else found[0]


def _divide(
    parts: Sequence[str | Expression], wrong: Wrong
) -> tuple[list[str | Expression], list[Expression], list[str | Expression]]:
    """Divide a template into what comes before its variable query, that query, and the fragment."""
    base: list[str | Expression] = []
    query: list[Expression] = []
    fragment: list[str | Expression] = []
    for part in parts:
        symbol = part.operator.symbol if isinstance(part, Expression) else ""
        if fragment or symbol == "#":
            fragment.append(part)
        elif isinstance(part, Expression) and symbol in ("?", "&"):
            has_query = bool(query) or any("?" in text for text in base if isinstance(text, str))
            if has_query == (symbol == "?"):
                raise wrong("has {?…} after a query" if has_query else "has {&…} where no query was begun")
            query.append(part)
        elif isinstance(part, str) and "#" in part:
            before, _, after = part.partition("#")
            if before and query:
                raise wrong("has text between its query and its fragment")
            base += [before] if before else []
            fragment.append("#" + after)
        elif query:
            raise wrong("has something other than {&…} or a fragment after its query")
        else:
            base.append(part)
    if any(isinstance(part, Expression) and part.operator.symbol in ("?", "&") for part in fragment):
        raise wrong("has a query after its fragment")
    if query and query[0].operator.symbol == "&" and _reserved_in_query(base):
        raise wrong("has {+…} in a query that goes on, so nobody could tell where it ends")
    return base, query, fragment


def _reserved_in_query(base: Iterable[str | Expression]) -> bool:
    in_query = False
    for part in base:
        if isinstance(part, str):
            in_query = in_query or "?" in part
        elif in_query and part.operator.reserved:
            return True
    return False


def _elements(parts: Iterable[str | Expression], reserved: str) -> _Elements:
    elements: list[Element[Capture]] = []
    for part in parts:
        if isinstance(part, str):
            elements.append(Literal(part))
            continue
        last = elements[-1] if elements else None
        # The slashes of "://" belong to no path: file:///a is read by file://{+path} as /a.
        after_slash = isinstance(last, Literal) and last.text.endswith("/") and not last.text.endswith("://")
        elements += _of_expression(part, reserved, after_slash)
    return tuple(elements)


def _of_expression(expression: Expression, reserved: str, after_slash: bool) -> list[Element[Capture]]:
    operator = expression.operator
    elements: list[Element[Capture]] = []
    if operator.named:
        for variable in expression.variables:
            elements += _path_style(variable)
        return elements
    characters = reserved if operator.reserved else _VALUE
    runs = []
    for variable in expression.variables:
        more = operator.separator if variable.explode and operator.separator not in characters else ""
        runs.append(Run(characters + more, 1, Capture(variable, operator.symbol, after_slash)))
    if not operator.first:
        for run in runs:
            elements += [Literal(operator.separator), run] if elements else [run]
        return elements
    # What comes first may be there without the second, never the other way round.
    for index, run in reversed(list(enumerate(runs))):
        sign = operator.separator if index else operator.first
        elements = [Maybe((Literal(sign), run, *elements))]
    return elements


def _path_style(variable: Variable) -> list[Element[Capture]]:
    """Return what ``{;x}`` stands for: ``;x=value``, or ``;x`` where it is empty (section 3.2.7)."""
    capture = Capture(variable, ";")
    more = ";=" if variable.explode else ""
    value: Element[Capture] = Maybe((Literal(f";{variable.name}="), Run(_VALUE + more, 0, capture)))
    empty: Element[Capture] = Maybe((Literal(f";{variable.name}"), Run("", 0, capture)))
    return [value] if variable.explode else [value, empty]


def _check(elements: _Elements, wrong: Wrong, open_: Run[Capture] | None = None) -> Run[Capture] | None:
    """Refuse what could be read in ways of which none is the right one; return the run that may be still open."""
    for element in elements:
        if isinstance(element, Literal):
            if open_ and open_.tag.variable.prefix and element.text[0] in open_.characters:
                raise wrong(f"has {element.text[0]!r} after a prefix that may hold it")
            open_ = None
        elif isinstance(element, Run):
            if open_:
                names = open_.tag.variable.name, element.tag.variable.name
                raise wrong("has nothing between {} and {}, so nobody could tell them apart".format(*names))
            open_ = element
        else:
            open_ = _check(element.elements, wrong, open_) or open_
    return open_


def _required(elements: _Elements) -> frozenset[str]:
    return frozenset(element.tag.variable.name for element in elements if isinstance(element, Run))


def _optional(elements: _Elements) -> frozenset[str]:
    inner = [element.elements for element in elements if isinstance(element, Maybe)]
    return frozenset[str]().union(*(_required(part) | _optional(part) for part in inner))
