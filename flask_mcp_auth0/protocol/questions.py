"""What a function may ask the user or the client, and the answers.

The same question reaches the client inside an ``InputRequiredResult`` (2026-07-28) or as a request of the
server's (up to 2025-11-25); its wire form is the same in both.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, cast

import mcp_types
from pydantic import BaseModel, ValidationError

from ..errors import RegistrationError
from . import jsonrpc
from .schema import SchemaGenerator
from .schema_validator import BoundedValidator, CannotBeApplied
from .terms import Terms

T_co = TypeVar("T_co", covariant=True)

_PRIMITIVES = ("string", "number", "integer", "boolean", "array")


class UnusableAnswer(Exception):
    """What the client sent is not an answer to the question; it is asked again."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T_co]):
    """The answer to one question. It is true in a condition where the user accepted.

    :param action: ``accept``, ``decline`` (said no) or ``cancel`` (said nothing).
    :param data: what was filled in: an instance of the model that was asked for, or the plain answer.
    """

    action: Literal["accept", "decline", "cancel"]
    data: T_co | None = None

    def __bool__(self) -> bool:
        return self.action == "accept"


class Question:
    """Base of everything that can be asked."""

    #: The capability that the client must have declared, as a path.
    capability: tuple[str, ...]

    def request(self) -> dict[str, Any]:
        """Return ``method`` and ``params`` of the question."""
        raise NotImplementedError

    def read(self, response: Any) -> Answer[Any]:
        """Return the answer that a client's response is.

        :raises UnusableAnswer: if it is none.
        """
        raise NotImplementedError

    def supported(self, terms: Terms) -> bool:
        """Tell whether the client declared that it can answer."""
        return terms.supports(*self.capability)

    def fingerprint(self) -> str:
        """Return a name of what is asked for: an answer to another question of the same key is not taken."""
        return hashlib.sha256(jsonrpc.encode(self.request())).hexdigest()[:32]


@dataclass(frozen=True)
class Form(Question):
    """A form for the user to fill in (client/elicitation, form mode): flat, and never for secrets."""

    message: str
    schema: type[BaseModel] | Mapping[str, Any]
    capability = ("elicitation",)

    def supported(self, terms: Terms) -> bool:
        """An empty ``elicitation`` capability means form mode (client/elicitation, Capabilities)."""
        return terms.supports("elicitation", "form") or (
            terms.supports("elicitation") and not cast("Mapping[str, Any]", terms.capabilities)["elicitation"]
        )

    def request(self) -> dict[str, Any]:
        params: dict[str, Any] = {"message": self.message, "requestedSchema": form_schema(self.schema)}
        return {"method": "elicitation/create", "params": {"mode": "form", **params}}

    def read(self, response: Any) -> Answer[Any]:
        result = _validated(mcp_types.ElicitResult, response)
        if result.action != "accept":
            return Answer(result.action)
        content = response.get("content")
        if isinstance(self.schema, type):
            try:
                return Answer("accept", self.schema.model_validate(content or {}))
            except ValidationError as error:
                raise UnusableAnswer("the form was not filled in as asked") from error
        try:
            fits = not _validator_of(jsonrpc.encode(dict(self.schema))).problems(content or {}, 1)
        except CannotBeApplied:
            fits = False
        if not fits:
            raise UnusableAnswer("the form was not filled in as asked")
        return Answer("accept", content or {})


@dataclass(frozen=True)
class Link(Question):
    """A page for the user to visit (client/elicitation, URL mode)."""

    message: str
    url: str
    capability = ("elicitation", "url")

    def request(self) -> dict[str, Any]:
        return {
            "method": "elicitation/create",
            "params": {"mode": "url", "message": self.message, "url": self.url},
        }

    def read(self, response: Any) -> Answer[Any]:
        return Answer(_validated(mcp_types.ElicitResult, response).action)


@dataclass(frozen=True)
class Sampling(Question):
    """A completion by the client's model (client/sampling; deprecated in 2026-07-28)."""

    messages: Sequence[Mapping[str, Any]]
    max_tokens: int
    options: Mapping[str, Any] = field(default_factory=dict)
    capability = ("sampling",)

    def request(self) -> dict[str, Any]:
        params = {"messages": [dict(message) for message in self.messages], "maxTokens": self.max_tokens}
        return {"method": "sampling/createMessage", "params": {**params, **self.options}}

    def read(self, response: Any) -> Answer[Any]:
        return Answer("accept", _validated(mcp_types.CreateMessageResult, response))


@dataclass(frozen=True)
class Roots(Question):
    """The client's root directories (client/roots; deprecated in 2026-07-28)."""

    capability = ("roots",)

    def request(self) -> dict[str, Any]:
        return {"method": "roots/list", "params": {}}

    def read(self, response: Any) -> Answer[Any]:
        return Answer("accept", _validated(mcp_types.ListRootsResult, response).roots)


@functools.lru_cache(maxsize=256)
def _validator_of(schema: bytes) -> BoundedValidator:
    return BoundedValidator(json.loads(schema), "the form")


def form_schema(schema: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    """Return the requested schema of a form: an object of primitive fields without references.

    :raises RegistrationError: if a field is nested, which a form cannot show, or the schema is malformed.
    """
    if not isinstance(schema, type):
        _validator_of(jsonrpc.encode(dict(schema)))
        return dict(schema)
    generated = schema.model_json_schema(schema_generator=SchemaGenerator)
    definitions = generated.get("$defs", {})
    properties = {name: _flat(value, definitions) for name, value in generated.get("properties", {}).items()}
    for name, value in properties.items():
        if value.get("type") not in _PRIMITIVES:
            raise RegistrationError(
                f"{schema.__name__}.{name} cannot be asked for in a form: only texts, numbers, booleans and choices can"
            )
    form: dict[str, Any] = {"type": "object", "properties": properties}
    if generated.get("required"):
        form["required"] = generated["required"]
    return form


def _flat(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    flat = dict(schema)
    reference = flat.pop("$ref", None)
    if reference is not None:
        flat = {**definitions.get(reference.rpartition("/")[2], {}), **flat}
        flat.pop("title", None)
    arms = [arm for arm in flat.get("anyOf", ()) if arm.get("type") != "null"]
    if len(arms) == 1 and "anyOf" in flat:
        del flat["anyOf"]
        flat = {**_flat(arms[0], definitions), **flat}
    if flat.get("default", ...) is None:
        del flat["default"]
    if isinstance(flat.get("items"), Mapping):
        flat["items"] = _flat(flat["items"], definitions)
    return flat


M = TypeVar("M", bound=BaseModel)


def _validated(model: type[M], response: Any) -> M:
    try:
        return model.model_validate(response)
    except ValidationError as error:
        raise UnusableAnswer(f"not a {model.__name__}") from error
