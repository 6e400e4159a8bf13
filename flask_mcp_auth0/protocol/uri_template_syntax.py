"""The syntax of URI templates (RFC 6570 section 2), with the reason where one cannot be used here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from ..errors import RegistrationError

#: Longest template, in characters, and most variables in one.
MAX_TEMPLATE = 2048
MAX_VARIABLES = 32

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
RESERVED = ":/?#[]@!$&'()*+,;="

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NAME = re.compile(r"(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+(?:\.(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+)*")
_PREFIX = re.compile(r"[1-9][0-9]{0,3}")
#: Turns a reason into the error that names the template.
Wrong = Callable[[str], RegistrationError]

#: What a literal must not hold (section 2.1).
_NOT_LITERAL = re.compile(r"[\x00-\x20\"<>\\^`|\x7f]|%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Operator:
    """How an expression expands (section 3.2 and appendix A).

    :param first: what begins the expansion.
    :param separator: what stands between two values.
    :param named: whether each value is preceded by its name.
    :param if_empty: what follows the name of an empty value.
    :param reserved: whether reserved characters stand for themselves.
    """

    symbol: str
    first: str
    separator: str
    named: bool = False
    if_empty: str = ""
    reserved: bool = False


OPERATORS = {
    operator.symbol: operator
    for operator in (
        Operator("", "", ","),
        Operator("+", "", ",", reserved=True),
        Operator("#", "#", ",", reserved=True),
        Operator(".", ".", "."),
        Operator("/", "/", "/"),
        Operator(";", ";", ";", named=True),
        Operator("?", "?", "&", named=True, if_empty="="),
        Operator("&", "&", "&", named=True, if_empty="="),
    )
}


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of an expression (section 2.3), with its modifier (section 2.4).

    :param prefix: how many characters of the value are used, 0 for all.
    """

    name: str
    explode: bool = False
    prefix: int = 0


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands between braces."""

    operator: Operator
    variables: tuple[Variable, ...]


def wrong_template(template: str) -> Wrong:
    """Return what turns a reason into the error that names this template."""
    return lambda reason: RegistrationError(f"the URI template {template[:200]!r} {reason}")


def parse(template: str) -> tuple[str | Expression, ...]:
    """Return the literals and expressions of a template; literals as they stand in a URI.

    :raises RegistrationError: with the reason, if it is malformed or its scheme is not fixed.
    """
    wrong = wrong_template(template)
    if len(template) > MAX_TEMPLATE:
        raise wrong(f"is longer than {MAX_TEMPLATE} characters")
    if not _SCHEME.match(template):
        raise wrong("does not begin with a scheme of its own, as in docs://{page}")
    parts: list[str | Expression] = []
    end = 0
    for match in re.finditer(r"\{([^{}]*)\}", template):
        parts += _literal(template[end : match.start()], wrong)
        parts.append(_expression(match[1], wrong))
        end = match.end()
    parts += _literal(template[end:], wrong)
    count = sum(len(part.variables) for part in parts if isinstance(part, Expression))
    if count > MAX_VARIABLES:
        raise wrong(f"has {count} variables; {MAX_VARIABLES} are the most")
    return tuple(parts)


def as_uri(text: str) -> str:
    """Return a text as it stands in a URI: characters beyond ASCII percent-encoded, triplets in upper case.

    :raises UnicodeEncodeError: if it holds half a surrogate pair.
    """
    if not text.isascii():
        text = "".join(character if character.isascii() else quote(character) for character in text)
    return re.sub(r"%[0-9A-Fa-f]{2}", lambda triplet: triplet[0].upper(), text) if "%" in text else text


def _literal(text: str, wrong: Wrong) -> list[str | Expression]:
    if "{" in text or "}" in text:
        raise wrong("has a brace without its other half")
    forbidden = _NOT_LITERAL.search(text)
    if forbidden:
        raise wrong(f"holds {forbidden[0]!r}, which must be percent-encoded")
    try:
        return [as_uri(text)] if text else []
    except UnicodeEncodeError:
        raise wrong("is not valid Unicode") from None


def _expression(text: str, wrong: Wrong) -> Expression:
    symbol = text[:1] if text[:1] and not _NAME.match(text[:1]) and text[:1] != "%" else ""
    if symbol not in OPERATORS:
        raise wrong(f"uses the operator {symbol!r}, which RFC 6570 does not define")
    variables = tuple(_variable(spec, wrong) for spec in text[len(symbol) :].split(","))
    return Expression(OPERATORS[symbol], variables)


def _variable(text: str, wrong: Wrong) -> Variable:
    name, colon, prefix = text.partition(":")
    explode = not colon and name.endswith("*")
    name = name[:-1] if explode else name
    if not _NAME.fullmatch(name):
        raise wrong(f"has no variable name in {text!r}")
    if colon and not _PREFIX.fullmatch(prefix):
        raise wrong(f"has the prefix {prefix!r}, which is not a number from 1 to 9999")
    return Variable(name, explode, int(prefix) if colon else 0)
