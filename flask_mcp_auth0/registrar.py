"""The decorators that register tools, resources and prompts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, Unpack, cast, overload

from mcp_types import Annotations, Icon

from .auth.requirement import Condition, Requirement, make_requirement
from .component_options import ToolOptions, make_tool, name_of, plain
from .errors import RegistrationError
from .protocol.components import Component, Prompt, Resource, Tool
from .protocol.registry import duplicate

F = TypeVar("F", bound=Callable[..., Any])
Completions = Mapping[str, Callable[..., Iterable[str]]]


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
        return self._decorate(function, lambda f: make_tool(f, requirement, options))

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
        return self._decorate(function, lambda f: make_tool(f, requirement, options))

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
                name=name or name_of(function),
                function=function,
                uri=uri,
                title=title,
                description=description,
                mime_type=mime_type,
                size=size,
                annotations=plain(annotations),
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
                name=name or name_of(target),
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
                    f"{name_of(target)}() is an asynchronous generator, which cannot be called here"
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
