"""Registering tools, resources and prompts: on the extension itself, and on blueprints."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, Unpack, cast, overload

from flask import Blueprint, Flask
from mcp_types import Annotations, Icon, ToolAnnotations
from pydantic import BaseModel

from .auth.requirement import Condition, Requirement, make_requirement
from .errors import RegistrationError
from .protocol.components import Component, Prompt, Resource, Tool
from .protocol.content import dump
from .protocol.registry import duplicate

if TYPE_CHECKING:
    from flask.sansio.blueprints import BlueprintSetupState

F = TypeVar("F", bound=Callable[..., Any])
Completions = Mapping[str, Callable[..., Iterable[str]]]


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


class Registrar:
    """What :class:`~flask_mcp_auth0.Auth0MCP` and :class:`MCPBlueprint` share: the decorators.

    Every decorator returns the function as it is, so it can be called and tested as the plain function that
    it was.
    """

    def __init__(self) -> None:
        self._components: list[Component] = []
        self._serving = False
        #: Asked of the caller of every component registered here, beside its own requirement.
        self._common_requirement = Requirement()

    @overload
    def tool(self, function: F, /) -> F: ...

    @overload
    def tool(
        self,
        function: None = None,
        /,
        *,
        scopes: Sequence[str] = (),
        anonymous: bool = False,
        **options: Unpack[ToolOptions],
    ) -> Callable[[F], F]: ...

    def tool(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        scopes: Sequence[str] = (),
        anonymous: bool = False,
        **options: Unpack[ToolOptions],
    ) -> Any:
        """Register a tool that any authenticated caller may call, unless the tenant protects it by name.

        :param scopes: scopes that the access token must carry.
        :param anonymous: may be called without a token where ``MCP_ANONYMOUS`` is on.
        :param options: see :class:`ToolOptions`.
        :raises RegistrationError: if the function cannot be a tool, or the name is taken.
        """
        requirement = make_requirement(protected=False, scopes=scopes, anonymous=anonymous)
        return self._decorate(function, lambda f: _tool(f, requirement, options))

    @overload
    def protected_tool(self, function: F, /) -> F: ...

    @overload
    def protected_tool(
        self,
        function: None = None,
        /,
        *,
        permission: str | None = None,
        permissions: Sequence[str] = (),
        match: Literal["all", "any"] = "all",
        scopes: Sequence[str] = (),
        when: Condition | Iterable[Condition] | None = None,
        **options: Unpack[ToolOptions],
    ) -> Callable[[F], F]: ...

    def protected_tool(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        permission: str | None = None,
        permissions: Sequence[str] = (),
        match: Literal["all", "any"] = "all",
        scopes: Sequence[str] = (),
        when: Condition | Iterable[Condition] | None = None,
        **options: Unpack[ToolOptions],
    ) -> Any:
        """Register a tool whose caller must always hold a permission of the Auth0 API.

        :param permission: its name; default ``tool:<name>``.
        :param permissions: several of them.
        :param match: whether ``all`` or ``any`` of them is needed.
        :param scopes: scopes that the access token must carry besides.
        :param when: a function of ``(auth_info, arguments)``, or several; each must return true.
        :param options: see :class:`ToolOptions`.
        :raises RegistrationError: if the function cannot be a tool, a name cannot be a scope, or is taken.
        """
        requirement = make_requirement(
            protected=True,
            permission=permission,
            permissions=permissions,
            match=match,
            scopes=scopes,
            when=when,
        )
        return self._decorate(function, lambda f: _tool(f, requirement, options))

    def resource(
        self,
        uri: str,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        mime_type: str | None = None,
        size: int | None = None,
        annotations: Annotations | Mapping[str, Any] | None = None,
        icons: Sequence[Icon | Mapping[str, Any]] = (),
        meta: Mapping[str, Any] | None = None,
        completions: Completions | None = None,
        permission: str | None = None,
        permissions: Sequence[str] = (),
        match: Literal["all", "any"] = "all",
        scopes: Sequence[str] = (),
        when: Condition | Iterable[Condition] | None = None,
        anonymous: bool = False,
    ) -> Callable[[F], F]:
        """Register what can be read under a URI, or under any URI of an RFC 6570 template.

        The function returns text, bytes, a :class:`~flask_mcp_auth0.File`, or anything that can be JSON;
        ``None`` says that there is no such resource.

        :param uri: an absolute URI; with ``{variables}`` a template, whose variables are the parameters.
        :param size: of the content in bytes, if known.
        :param completions: a function for each variable that suggests values for what was typed.
        :param permission: with it (or ``permissions``) the caller must always hold it.
        :raises RegistrationError: if the URI, the parameters or a name does not fit, or the URI is taken.
        """
        requirement = make_requirement(
            protected=bool(permission or permissions),
            permission=permission,
            permissions=permissions,
            match=match,
            scopes=scopes,
            when=when,
            anonymous=anonymous,
        )

        def make(function: Callable[..., Any]) -> Component:
            return Resource(
                name=name or _name_of(function),
                function=function,
                uri=uri,
                title=title,
                description=description,
                mime_type=mime_type,
                size=size,
                annotations=_plain(annotations),
                icons=icons,
                meta=meta,
                completions=completions or {},
                requirement=requirement,
            )

        return cast("Callable[[F], F]", self._decorate(None, make))

    @overload
    def prompt(self, function: F, /) -> F: ...

    @overload
    def prompt(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[Icon | Mapping[str, Any]] = (),
        meta: Mapping[str, Any] | None = None,
        completions: Completions | None = None,
        permission: str | None = None,
        permissions: Sequence[str] = (),
        match: Literal["all", "any"] = "all",
        scopes: Sequence[str] = (),
        when: Condition | Iterable[Condition] | None = None,
        anonymous: bool = False,
    ) -> Callable[[F], F]: ...

    def prompt(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        title: str | None = None,
        description: str | None = None,
        icons: Sequence[Icon | Mapping[str, Any]] = (),
        meta: Mapping[str, Any] | None = None,
        completions: Completions | None = None,
        permission: str | None = None,
        permissions: Sequence[str] = (),
        match: Literal["all", "any"] = "all",
        scopes: Sequence[str] = (),
        when: Condition | Iterable[Condition] | None = None,
        anonymous: bool = False,
    ) -> Any:
        """Register a prompt. The function returns text, or a list of messages.

        :param completions: a function for each argument that suggests values for what was typed.
        :param permission: with it (or ``permissions``) the caller must always hold it.
        :raises RegistrationError: if the parameters or a name does not fit, or the name is taken.
        """
        requirement = make_requirement(
            protected=bool(permission or permissions),
            permission=permission,
            permissions=permissions,
            match=match,
            scopes=scopes,
            when=when,
            anonymous=anonymous,
        )

        def make(target: Callable[..., Any]) -> Component:
            return Prompt(
                name=name or _name_of(target),
                function=target,
                title=title,
                description=description,
                icons=icons,
                meta=meta,
                completions=completions or {},
                requirement=requirement,
            )

        return self._decorate(function, make)

    def _decorate(
        self, function: Callable[..., Any] | None, make: Callable[[Callable[..., Any]], Component]
    ) -> Any:
        def register(target: F) -> F:
            if not callable(target):
                raise RegistrationError(
                    f"{target!r} is not a function; use the decorator as @tool or @tool(...)"
                )
            if inspect.isasyncgenfunction(inspect.unwrap(target)):
                raise RegistrationError(
                    f"{_name_of(target)}() is an asynchronous generator, which cannot be called here"
                )
            self._register(make(target))
            return target

        return register if function is None else register(function)

    def _register(self, component: Component) -> None:
        if self._serving:
            raise RegistrationError(
                f"{component.kind} {component.name!r} ({component.place}) is registered after the first request was "
                "served; clients may have seen the list already. Register everything while the app is set up, and "
                "use disable() and enable() at run time."
            )
        for index, known in enumerate(self._components):
            if (known.kind, known.name) != (component.kind, component.name):
                continue
            if known.function is not component.function or type(known) is not Tool:
                raise duplicate(known, component)
            # @protected_tool over @tool of one function: one tool that asks for what both ask for.
            component.requirement = cast("Requirement", known.requirement).and_also(component.requirement)
            self._components[index] = component
            return
        self._components.append(component)

    def _mark_serving(self) -> None:
        self._serving = True

    def _registered(self) -> Iterable[tuple[Component, Requirement]]:
        """Yield each component with what its registrar asks of every caller."""
        for component in self._components:
            yield component, self._common_requirement


class MCPBlueprint(Blueprint, Registrar):
    """A Flask blueprint that carries tools, resources and prompts beside its views.

    Register it on the app, or nested in another blueprint; a ``url_prefix`` concerns its views alone.

    :param name: the blueprint's name, as in Flask.
    :param import_name: usually ``__name__``.
    :param permission: a permission that the caller of everything in here must hold.
    :param permissions: several of them.
    :param match: whether ``all`` or ``any`` of them is needed.
    :param scopes: scopes that the token must carry for everything in here.
    :param options: as :class:`flask.Blueprint` takes them.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        *,
        permission: str | None = None,
        permissions: Sequence[str] = (),
        match: Literal["all", "any"] = "all",
        scopes: Sequence[str] = (),
        **options: Any,
    ) -> None:
        Blueprint.__init__(self, name, import_name, **options)
        Registrar.__init__(self)
        self._common_requirement = make_requirement(
            protected=bool(permission or permissions),
            permission=permission,
            permissions=permissions,
            match=match,
            scopes=scopes,
        )
        self.record(_remember_on_app)


#: Where an app keeps the MCP blueprints that were registered on it, whether or not init_app came first.
PENDING = "mcp_auth0_blueprints"


def _remember_on_app(state: BlueprintSetupState) -> None:
    app, blueprint = state.app, state.blueprint
    blueprints: list[MCPBlueprint] = app.extensions.setdefault(PENDING, [])
    if isinstance(blueprint, MCPBlueprint) and not any(known is blueprint for known in blueprints):
        blueprints.append(blueprint)
        arrived = app.extensions.get("mcp_auth0")
        if arrived is not None:
            arrived.check_names()


def blueprints_of(app: Flask) -> list[MCPBlueprint]:
    """Return the MCP blueprints that are registered on an app, nested ones included, in their order."""
    found: list[MCPBlueprint] = app.extensions.get(PENDING, [])
    return found


def _tool(function: Callable[..., Any], requirement: Requirement, options: ToolOptions) -> Tool:
    return Tool(
        name=options.get("name") or _name_of(function),
        function=function,
        title=options.get("title"),
        description=options.get("description"),
        annotations=_plain(options.get("annotations")),
        icons=options.get("icons", ()),
        meta=options.get("meta"),
        input_schema=options.get("input_schema"),
        output_schema=options.get("output_schema"),
        structured_output=options.get("structured_output", True),
        accepts_unsolicited_answers=options.get("accepts_unsolicited_answers", False),
        audit_arguments=tuple(options.get("audit_arguments", ())),
        requirement=requirement,
    )


def _name_of(function: Callable[..., Any]) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        raise RegistrationError(f"{function!r} has no name of its own; pass name=")
    return name


def _plain(value: BaseModel | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return dump(value) if isinstance(value, BaseModel) else value
