"""Registered components made ready to serve: schemas built, definitions serialised, once, at start."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mcp_types
from pydantic import BaseModel, ValidationError

from ..errors import RegistrationError
from . import jsonrpc
from .apps import mime_type_of
from .call import Call
from .components import Component, Prompt, Resource, Tool
from .content import dump
from .mirrored_headers import MirroredParameter, mirrored_parameters
from .results import Output
from .schema import Described, Parameters, RawParameters, describe, is_injected, parameters_of
from .uri_template import UriTemplate

#: server/tools, Tool Names; also what the oldest conformance checks accept.
_TOOL_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+")
MAX_URI = 2048

#: Adds members to a tool's published definition (``securitySchemes``); given by whoever guards the server.
DefinitionExtra = Callable[[Component], Mapping[str, Any]]


@dataclass(eq=False)
class BoundTool:
    """A tool that can be listed and called."""

    component: Tool
    definition_extra: DefinitionExtra

    def __post_init__(self) -> None:
        tool = self.component
        if not _TOOL_NAME.fullmatch(tool.name):
            raise RegistrationError(
                f"{tool.place}: {tool.name!r} cannot be a tool's name: it has 1 to 128 of the characters "
                "A-Z a-z 0-9 _ - ."
            )
        described = describe(tool.function)
        self.parameters = (
            Parameters(tool.function, injected_type=Call)
            if tool.input_schema is None
            else RawParameters(tool.function, tool.input_schema, injected_type=Call)
        )
        self.output = Output(tool.function, structured=tool.structured_output, schema=tool.output_schema)
        self.mirrored: tuple[MirroredParameter, ...] = mirrored_parameters(self.parameters.schema)
        self.is_generator = inspect.isgeneratorfunction(inspect.unwrap(tool.function))
        definition: dict[str, Any] = {
            **_common(tool, described),
            "inputSchema": self.parameters.schema,
            "outputSchema": self.output.schema,
            "annotations": tool.annotations,
            **self.definition_extra(tool),
            "_meta": tool.meta,
        }
        self.definition = _validated(mcp_types.Tool, definition, tool)
        self.encoded = jsonrpc.encode(self.definition)


@dataclass(eq=False)
class BoundResource:
    """A resource, or a template of resources, that can be listed and read."""

    component: Resource

    def __post_init__(self) -> None:
        resource = self.component
        names = [name for name, _, kind in parameters_of(resource.function) if not is_injected(kind, Call)]
        definition = {**_common(resource, describe(resource.function)), "mimeType": mime_type_of(resource)}
        definition |= {"annotations": resource.annotations, "_meta": resource.meta}
        self.template: UriTemplate | None = None
        self.parameters = Parameters(resource.function, injected_type=Call)
        if "{" in resource.uri:
            self.template = UriTemplate(resource.uri)
            if set(names) != set(self.template.variables):
                raise RegistrationError(
                    f"{resource.place}: the variables of {resource.uri!r} ({', '.join(self.template.variables)}) are "
                    f"not the function's parameters ({', '.join(names) or 'none'})"
                )
            required = set(self.parameters.schema.get("required", ())) & set(self.template.optional)
            if required:
                raise RegistrationError(
                    f"{resource.place}: {', '.join(sorted(required))} may be absent from a URI of "
                    f"{resource.uri!r}, so the parameter needs a default"
                )
            self.definition = _validated(
                mcp_types.ResourceTemplate, {**definition, "uriTemplate": resource.uri}, resource
            )
        else:
            if not _URI.fullmatch(resource.uri) or len(resource.uri) > MAX_URI:
                raise RegistrationError(
                    f"{resource.place}: {resource.uri!r} is not an absolute URI (RFC 3986)"
                )
            if names:
                raise RegistrationError(
                    f"{resource.place}: {resource.uri!r} has no variables, but the function has parameters: "
                    f"{', '.join(names)}"
                )
            self.definition = _validated(
                mcp_types.Resource, {**definition, "uri": resource.uri, "size": resource.size}, resource
            )
        self.encoded = jsonrpc.encode(self.definition)


@dataclass(eq=False)
class BoundPrompt:
    """A prompt that can be listed and rendered."""

    component: Prompt

    def __post_init__(self) -> None:
        prompt = self.component
        described = describe(prompt.function)
        self.parameters = Parameters(prompt.function, injected_type=Call)
        required = set(self.parameters.schema.get("required", ()))
        arguments = []
        for name, schema in self.parameters.schema["properties"].items():
            argument = {"name": name, "description": schema.get("description"), "required": name in required}
            arguments.append({key: value for key, value in argument.items() if value is not None})
        unknown = set(prompt.completions) - {argument["name"] for argument in arguments}
        if unknown:
            raise RegistrationError(
                f"{prompt.place}: completions for unknown arguments: {', '.join(sorted(unknown))}"
            )
        definition = {**_common(prompt, described), "arguments": arguments or None, "_meta": prompt.meta}
        self.definition = _validated(mcp_types.Prompt, definition, prompt)
        self.encoded = jsonrpc.encode(self.definition)


Bound = BoundTool | BoundResource | BoundPrompt


def _common(component: Component, described: Described) -> dict[str, Any]:
    return {
        "name": component.name,
        "title": component.title,
        "description": component.description or described.summary,
        "icons": [_plain(icon) for icon in component.icons] or None,
    }


def _plain(value: Any) -> Any:
    return dump(value) if isinstance(value, BaseModel) else value


def _validated(model: type[BaseModel], definition: Mapping[str, Any], component: Component) -> dict[str, Any]:
    """Return a definition without what is empty, once it fits the protocol's own model."""
    plain = {key: _plain(value) for key, value in definition.items() if value is not None}
    try:
        model.model_validate(plain)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in problem["loc"])
        raise RegistrationError(
            f"{component.place}: {component.name!r}: {where}: {problem['msg']}"
        ) from error
    return plain
