"""From what a tool returns to a tool result, with structured content where the return type describes it."""

from __future__ import annotations

import collections.abc
import inspect
import json
import types
import typing
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import mcp_types
from pydantic import BaseModel, PydanticSchemaGenerationError, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.json_schema import PydanticJsonSchemaWarning
from pydantic_core import PydanticSerializationError

from ..errors import RegistrationError
from .content import BLOCKS, Audio, File, Image, block_of, dump
from .schema import SchemaGenerator
from .schema_validator import BoundedValidator, CannotBeApplied

_UNSTRUCTURED: tuple[type, ...] = (str, bytes, Image, Audio, File, mcp_types.CallToolResult, *BLOCKS)


class UnfitResult(Exception):
    """A function returned something else than it declared: its author's mistake, masked for the caller."""


class Output:
    """How the values that one function returns become results.

    :ivar schema: the ``outputSchema`` to publish, ``None`` where results are unstructured. Results that are
        no JSON objects are wrapped as ``{"result": …}``, which every revision of the protocol can carry.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        structured: bool = True,
        schema: Mapping[str, Any] | None = None,
    ) -> None:
        self.schema: dict[str, Any] | None = None
        self._adapter: TypeAdapter[Any] | None = None
        self._validator: BoundedValidator | None = None
        self._wrapped = False
        where = f"{getattr(function, '__qualname__', repr(function))}()"
        if schema is not None:
            if schema.get("type") != "object":
                raise RegistrationError(f'{where}: output_schema must be an object schema ("type": "object")')
            self.schema = dict(schema)
            self._validator = BoundedValidator(self.schema, where)
            return
        annotation = return_type(function)
        if not structured or not _is_structured(annotation):
            return
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(annotation)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
                published = adapter.json_schema(mode="serialization", schema_generator=SchemaGenerator)
        except (PydanticSchemaGenerationError, PydanticUserError, TypeError) as error:
            raise RegistrationError(
                f"{where}: the return type cannot be described as JSON ({error}); annotate another type or pass "
                "structured_output=False"
            ) from error
        self._adapter = adapter
        self._wrapped = not _is_object(published)
        if self._wrapped:
            definitions = published.pop("$defs", None)
            published = {"type": "object", "properties": {"result": published}, "required": ["result"]}
            if definitions:
                published["$defs"] = definitions
        self.schema = published

    def convert(self, value: Any) -> dict[str, Any]:
        """Return a ``CallToolResult`` in its wire form, without ``resultType`` and ``_meta``.

        :raises UnfitResult: if the value is not what the function declares to return, or cannot be JSON.
        """
        if isinstance(value, mcp_types.CallToolResult):
            result = dump(value)
            result.pop("resultType", None)
            return result
        if self._adapter is not None:
            return self._structured(value)
        if self._validator is not None:
            try:
                problems = self._validator.problems(value, 1)
            except CannotBeApplied as error:
                raise UnfitResult("output_schema cannot be applied to the result") from error
            if problems:
                raise UnfitResult(f"the result does not fit output_schema: {problems[0].message}")
            return {"content": [_text(value)], "structuredContent": value, "isError": False}
        return {"content": _blocks(value), "isError": False}

    def _structured(self, value: Any) -> dict[str, Any]:
        assert self._adapter is not None
        try:
            checked = self._adapter.validate_python(value)
            plain = self._adapter.dump_python(checked, mode="json", by_alias=True)
        except (ValidationError, PydanticSerializationError) as error:
            raise UnfitResult(f"the result is not of the declared return type: {error}") from error
        return {
            "content": [_text(plain)],
            "structuredContent": {"result": plain} if self._wrapped else plain,
            "isError": False,
        }


def return_type(function: Callable[..., Any]) -> Any:
    """Return the resolved return annotation, for a generator the type of its ``return`` statement."""
    try:
        hints = typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    except NameError as error:
        raise RegistrationError(
            f"{getattr(function, '__qualname__', function)}(): the return type {error.name!r} cannot be found"
        ) from error
    annotation = hints.get("return", inspect.Signature.empty)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if inspect.isgeneratorfunction(inspect.unwrap(function)):
        if origin in (collections.abc.Generator, typing.Generator) and len(arguments) == 3:
            return arguments[2]
        return inspect.Signature.empty
    return annotation


def readable_by(version: str, result: dict[str, Any]) -> dict[str, Any]:
    """Return a result as a revision knows it: 2025-03-26 has no structured content and no links."""
    if version != "2025-03-26":
        return result
    older = {name: value for name, value in result.items() if name != "structuredContent"}
    older["content"] = [_unlinked(block) for block in result["content"]]
    return older


def _unlinked(block: dict[str, Any]) -> dict[str, Any]:
    if block.get("type") != "resource_link":
        return block
    return {"type": "text", "text": f"{block.get('title') or block['name']}: {block['uri']}"}


def error_result(message: str) -> dict[str, Any]:
    """Return a result that tells the model of a failure (server/tools, Error Handling)."""
    return {"content": [{"type": "text", "text": message}], "isError": True}


def _is_structured(annotation: Any) -> bool:
    if annotation in (inspect.Signature.empty, Any, None, type(None), object):
        return False
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(_is_structured(arm) for arm in typing.get_args(annotation))
    if origin is typing.Annotated:
        return _is_structured(typing.get_args(annotation)[0])
    if origin in (list, tuple, collections.abc.Sequence, collections.abc.Iterable):
        arms = [arm for arm in typing.get_args(annotation) if arm is not Ellipsis]
        # A list of texts is data; a list that holds a content block is content.
        return not arms or not any(_holds_content(arm) for arm in arms)
    return not (isinstance(annotation, type) and issubclass(annotation, _UNSTRUCTURED))


def _holds_content(annotation: Any) -> bool:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(_holds_content(arm) for arm in typing.get_args(annotation))
    return isinstance(annotation, type) and issubclass(annotation, (Image, Audio, File, *BLOCKS))


def _is_object(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object"


def _text(value: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return {"type": "text", "text": text}


def _blocks(value: Any) -> list[dict[str, Any]]:
    if value is None:
        return []
    block = block_of(value)
    if block is not None:
        return [block]
    if isinstance(value, list | tuple) and any(
        isinstance(item, (Image, Audio, File, *BLOCKS)) for item in value
    ):
        return [block_of(item) or _plain(item) for item in value]
    return [_plain(value)]


def _plain(value: Any) -> dict[str, Any]:
    try:
        if isinstance(value, BaseModel):
            return _text(value.model_dump(mode="json", by_alias=True))
        return _text(_ANY.dump_python(value, mode="json"))
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise UnfitResult(f"a {type(value).__name__} cannot be written as JSON") from error


_ANY: TypeAdapter[Any] = TypeAdapter(Any)
