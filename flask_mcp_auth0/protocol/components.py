"""What a server offers: tools, resources and prompts, as they were registered.

``requirement`` is opaque here: whoever provides :class:`~flask_mcp_auth0.protocol.access.Access` put it
there and is the only one to read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

ComponentKind = Literal["tool", "resource", "prompt"]


@dataclass(eq=False, slots=True, kw_only=True)
class Component:
    """One thing that a client can use.

    :param kind: ``tool``, ``resource`` or ``prompt``.
    :param name: what permissions, logs and lists call it.
    :param function: the function as it was written; calling it directly needs nothing of this package.
    :param requirement: what its caller must hold.
    """

    kind: ComponentKind
    name: str
    function: Callable[..., Any]
    title: str | None = None
    description: str | None = None
    icons: Sequence[Any] = ()
    meta: Mapping[str, Any] | None = None
    requirement: Any = None

    @property
    def place(self) -> str:
        """Where the function was written: ``file:line``."""
        code = getattr(self.function, "__code__", None)
        return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(self.function)


@dataclass(eq=False, slots=True, kw_only=True)
class Tool(Component):
    """A function that a model may call (server/tools)."""

    kind: ComponentKind = "tool"
    annotations: Mapping[str, Any] | None = None
    input_schema: Mapping[str, Any] | None = None
    output_schema: Mapping[str, Any] | None = None
    structured_output: bool = True
    accepts_unsolicited_answers: bool = False
    audit_arguments: tuple[str, ...] = ()


@dataclass(eq=False, slots=True, kw_only=True)
class Resource(Component):
    """Something that can be read by its URI, or by any URI of a template (server/resources)."""

    kind: ComponentKind = "resource"
    uri: str
    mime_type: str | None = None
    size: int | None = None
    annotations: Mapping[str, Any] | None = None
    completions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Prompt(Component):
    """A template of messages that a person may pick (server/prompts)."""

    kind: ComponentKind = "prompt"
    completions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
