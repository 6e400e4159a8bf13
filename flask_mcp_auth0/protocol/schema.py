"""A function's parameters as JSON Schema, and a client's arguments as its parameters.

Both come from one pydantic model per function, built once, so the schema that is published is the one that
is enforced.
"""

from __future__ import annotations

import inspect
import logging
import types
import typing
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from docstring_parser import Docstring, parse
from pydantic import ConfigDict, PydanticSchemaGenerationError, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, PydanticJsonSchemaWarning
from pydantic_core import CoreSchema, SchemaError

from ..errors import RegistrationError
from .errors import printable
from .schema_validator import BoundedValidator, CannotBeApplied
from .type_cost import bounded_type, count_values, validator_of_type

log = logging.getLogger(__name__)

#: Values in the arguments of one call, those within others counted as well: each may cost a kilobyte if it is wrong.
MAX_VALUES = 100_000
#: Problems that a caller is told of.
_MAX_PROBLEMS = 10
#: Problems that are listed at all.
_MAX_LISTED = 1_000


class InvalidArguments(Exception):
    """The arguments do not fit the schema; the text tells the model what to mend."""


class SchemaGenerator(GenerateJsonSchema):
    """Without the titles that pydantic derives from names: they cost tokens and say nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        generated = super().model_schema(schema)
        generated.pop("title", None)
        return generated


class Parameters:
    """The parameters of one function.

    :ivar schema: the JSON Schema (2020-12) of the arguments, an object schema.
    :ivar injected: the name of the parameter that takes the running call, if there is one.
    """

    def __init__(self, function: Callable[..., Any], *, injected_type: type | None = None) -> None:
        self.injected: str | None = None
        documented = describe(function)
        fields: dict[str, Any] = {}
        self._names: list[tuple[str, str]] = []
        for name, parameter, annotation in parameters_of(function):
            if is_injected(annotation, injected_type):
                self.injected = name
                continue
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise RegistrationError(
                    f"{_named(function)}: parameter {name!r} cannot be filled from named arguments; give it a name and "
                    "a type, or pass input_schema="
                )
            default = ... if parameter.default is parameter.empty else parameter.default
            field = FieldInfo.from_annotated_attribute(annotation, default)
            field.description = field.description or documented.parameters.get(name)
            # The alias is the argument's name, so that no parameter can collide with a model's own attributes.
            internal = f"parameter_{len(self._names)}"
            field.alias = field.validation_alias = field.serialization_alias = name
            # What annotates the type is in the field by now, and would be applied twice.
            fields[internal] = (field.annotation, field)
            self._names.append((name, internal))
        try:
            self._model = create_model(
                "Arguments",
                __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=False, validate_default=False),
                **fields,
            )
            core = bounded_type(self._model.__pydantic_core_schema__, _named(function))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
                self.schema: dict[str, Any] = SchemaGenerator().generate(cast(CoreSchema, core))
        except (PydanticSchemaGenerationError, PydanticUserError, SchemaError, TypeError) as error:
            raise RegistrationError(
                f"{_named(function)}: a parameter's type cannot be described as JSON: {error}"
            ) from error
        self.schema.setdefault("properties", {})
        self._validator = validator_of_type(core)

    def bind(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return keyword arguments for the function.

        :raises InvalidArguments: naming every argument that is missing, unknown or of the wrong type.
        """
        _refuse_too_many(arguments)
        try:
            try:
                values = self._validator.validate_python(arguments).__dict__
            except ValidationError as error:
                raise InvalidArguments(_explain(error)) from None
        except RecursionError:
            raise InvalidArguments("the arguments are nested too deeply") from None
        except (ArithmeticError, OSError, ValueError) as error:
            # A pattern that is too large, a time zone that is no text, a path that is too long: not told as such.
            log.info("arguments of a tool cannot be read (%s)", type(error).__name__)
            raise InvalidArguments("a value cannot be read") from error
        return {name: values[internal] for name, internal in self._names}


class RawParameters:
    """Parameters described by a JSON Schema of the application's own, passed on as they come."""

    injected: str | None = None

    def __init__(
        self, function: Callable[..., Any], schema: Mapping[str, Any], *, injected_type: type | None = None
    ) -> None:
        self.schema = dict(schema)
        if self.schema.get("type") != "object":
            raise RegistrationError(
                f'{_named(function)}: input_schema must be an object schema ("type": "object")'
            )
        self._validator = BoundedValidator(self.schema, _named(function))
        for name, _, annotation in parameters_of(function):
            if is_injected(annotation, injected_type):
                self.injected = name

    def bind(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as they are, once they fit the schema.

        :raises InvalidArguments: naming what does not.
        """
        _refuse_too_many(arguments)
        try:
            errors = self._validator.problems(arguments, _MAX_PROBLEMS)
        except CannotBeApplied as error:
            raise InvalidArguments("the schema of this tool cannot be applied to these arguments") from error
        problems = [f"{_place(error.absolute_path)}: {printable(error.message, 200)}" for error in errors]
        if problems:
            raise InvalidArguments("; ".join(problems))
        return dict(arguments)


class Described(typing.NamedTuple):
    """What a docstring says: of the function, and of each parameter."""

    summary: str | None
    parameters: Mapping[str, str]


def describe(function: Callable[..., Any]) -> Described:
    """Read a docstring in Google, NumPy, reST or Epytext style."""
    text = inspect.getdoc(function)
    if not text:
        return Described(None, {})
    parsed: Docstring = parse(text)
    summary = "\n\n".join(
        part.strip() for part in (parsed.short_description, parsed.long_description) if part
    )
    return Described(
        summary or None,
        {param.arg_name: " ".join(param.description.split()) for param in parsed.params if param.description},
    )


def parameters_of(function: Callable[..., Any]) -> list[tuple[str, inspect.Parameter, Any]]:
    """Return name, parameter and resolved annotation of each parameter, in order.

    :raises RegistrationError: if an annotation names something that cannot be found.
    """
    try:
        hints = typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    except NameError as error:
        raise RegistrationError(
            f"{_named(function)}: the type {error.name!r} of a parameter cannot be found"
        ) from error
    signature = inspect.signature(function)
    return [(name, parameter, hints.get(name, Any)) for name, parameter in signature.parameters.items()]


def is_injected(annotation: Any, injected_type: type | None) -> bool:
    """Tell whether a parameter takes the running call: ``Call``, or ``Call | None`` for use in plain code."""
    if injected_type is None:
        return False
    arms = (
        typing.get_args(annotation)
        if typing.get_origin(annotation) in (typing.Union, types.UnionType)
        else ()
    )
    return annotation is injected_type or (injected_type in arms and set(arms) <= {injected_type, type(None)})


def _refuse_too_many(arguments: Mapping[str, Any]) -> None:
    if count_values(arguments, MAX_VALUES) > MAX_VALUES:
        raise InvalidArguments(f"more than {MAX_VALUES:,} values")


def _place(steps: Iterable[str | int]) -> str:
    return ".".join(printable(str(step)) for step in steps) or "arguments"


def _explain(error: ValidationError) -> str:
    if (count := error.error_count()) > _MAX_LISTED:
        # Pydantic lists all or none.
        return f"{count} values are missing, unknown or of the wrong type"
    problems = []
    for detail in error.errors(include_url=False, include_input=False, include_context=False)[:_MAX_PROBLEMS]:
        where = _place(detail["loc"])
        if detail["type"] == "extra_forbidden":
            problems.append(f"{where}: there is no such argument")
        elif detail["type"] == "missing":
            problems.append(f"{where}: this argument is required")
        else:
            problems.append(f"{where}: {detail['msg']}")
    return "; ".join(problems)


def _named(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__qualname__', repr(function))}()"


__all__ = [
    "InvalidArguments",
    "Parameters",
    "RawParameters",
    "SchemaGenerator",
    "describe",
    "parameters_of",
]
