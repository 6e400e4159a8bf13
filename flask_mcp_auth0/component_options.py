"""What can be said about a component, and a component made of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from mcp_types import Icon, ToolAnnotations
from pydantic import BaseModel

from .auth.requirement import Requirement
from .errors import RegistrationError
from .protocol.components import Tool
from .protocol.content import dump

_PROTECTING = frozenset({"permission", "permissions", "match", "when"})


class ToolOptions(TypedDict, total=False):
    """What can be said about a tool beside its function.

    :param name: default the function's name.
    :param title: for people.
    :param description: for the model; default the docstring without its parameters.
    :param annotations: hints on what the tool does (``readOnlyHint``, ``destructiveHint``, …).
    :param icons: for people.
    :param meta: ``_meta`` of the definition, as MCP Apps use it.
    :param input_schema: a JSON Schema of your own instead of one from the type hints; the function then
        takes the arguments as keyword arguments.
    :param output_schema: a JSON Schema of your own for the structured result.
    :param structured_output: whether results carry structured content where the return type allows it.
    :param accepts_unsolicited_answers: whether answers to questions are taken that come without the state
        that this server sealed when it asked. Only for functions where a forged answer does no harm.
    :param audit_arguments: names of arguments whose values may stand in the audit log.
    """

    name: str | None
    title: str | None
    description: str | None
    annotations: ToolAnnotations | Mapping[str, Any] | None
    icons: Sequence[Icon | Mapping[str, Any]]
    meta: Mapping[str, Any] | None
    input_schema: Mapping[str, Any] | None
    output_schema: Mapping[str, Any] | None
    structured_output: bool
    accepts_unsolicited_answers: bool
    audit_arguments: Sequence[str]


def make_tool(function: Callable[..., Any], requirement: Requirement, options: ToolOptions) -> Tool:
    """Return the tool that a function is.

    :raises RegistrationError: if an option is none: a misspelt one must not leave a tool open.
    """
    unknown = sorted(options.keys() - ToolOptions.__annotations__.keys())
    if unknown:
        protecting = sorted(_PROTECTING.intersection(unknown))
        hint = f"; {', '.join(protecting)} is for protected_tool" if protecting else ""
        raise RegistrationError(f"{name_of(function)}(): there is no option {', '.join(unknown)}{hint}")
    return Tool(
        name=options.get("name") or name_of(function),
        function=function,
        title=options.get("title"),
        description=options.get("description"),
        annotations=plain(options.get("annotations")),
        icons=options.get("icons", ()),
        meta=options.get("meta"),
        input_schema=options.get("input_schema"),
        output_schema=options.get("output_schema"),
        structured_output=options.get("structured_output", True),
        accepts_unsolicited_answers=options.get("accepts_unsolicited_answers", False),
        audit_arguments=tuple(options.get("audit_arguments", ())),
        requirement=requirement,
    )


def name_of(function: Callable[..., Any]) -> str:
    """Return a function's own name.

    :raises RegistrationError: if it has none.
    """
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        raise RegistrationError(f"{function!r} has no name of its own; pass name=")
    return name


def plain(value: BaseModel | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a protocol model, or a mapping in its place, in its wire form."""
    return dump(value) if isinstance(value, BaseModel) else value
