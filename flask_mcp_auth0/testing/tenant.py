"""The local tenant as a test sees it: users who hold what the test says, and tokens for them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from ..local_tenant.minting import MintRequest, mint
from ..local_tenant.model import Permission, ResourceServer, User
from ..local_tenant.server import TenantServer
from ..local_tenant.state import DEFAULT_M2M_CLIENT_ID, TenantState
from ..local_tenant.tenant import tenant_of

_SECRET = "of-the-local-tenant"  # noqa: S105


class Auth0Tenant:
    """An Auth0 of one's own on loopback, in a thread. It is a context manager.

    :param base_url: the public URL of the app under test, as its ``MCP_BASE_URL`` says; nothing is fetched
        from there.
    :param mcp_path: the path of its MCP endpoint.
    :param audience: the API's identifier; default the endpoint's URL.
    :param config: a description of the tenant, a YAML file, instead of the shipped one.
    """

    def __init__(
        self,
        *,
        base_url: str = "http://localhost:8000",
        mcp_path: str = "/mcp",
        audience: str | None = None,
        config: str | Path | None = None,
    ) -> None:
        self.base_url = base_url
        self.mcp_path = mcp_path
        self.audience = audience or base_url + mcp_path
        state = TenantState.from_yaml(config, audience=self.audience, m2m_client_secret=_SECRET)
        self._server = TenantServer(state, audience=self.audience)
        state.move_to(self._server.issuer)
        self._numbers = itertools.count(1)

    @property
    def issuer(self) -> str:
        """The issuer identifier, an ``http://127.0.0.1`` URL with a trailing slash."""
        return self._server.issuer

    @property
    def state(self) -> TenantState:
        """Everything that the tenant knows, to be read and changed by a test."""
        return self._server.state

    @property
    def config(self) -> dict[str, Any]:
        """Flask configuration for an app that trusts this tenant: ``app.config.update(tenant.config)``."""
        return {
            "AUTH0_DOMAIN": self.issuer,
            "AUTH0_AUDIENCE": self.audience,
            "AUTH0_CLIENT_ID": DEFAULT_M2M_CLIENT_ID,
            "AUTH0_CLIENT_SECRET": _SECRET,
            "MCP_BASE_URL": self.base_url,
            "MCP_PATH": self.mcp_path,
            "SECRET_KEY": "only-for-tests-" + _SECRET,
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same as environment variables, for an app that reads ``FLASK_…``."""
        return {f"FLASK_{key}": str(value) for key, value in self.config.items()}

    def user(self, login: str, *, permissions: Iterable[str] | None = None) -> User:
        """Return a user, made if there is none of that name.

        :param login: a user name, e-mail address or id.
        :param permissions: permissions of the app's API, given directly: exactly these, where stated. The
            API is made to define them.
        """
        state = self.state
        found = state.find_user(login)
        if found is None:
            user_id = login if "|" in login else f"auth0|{login}"
            name = login.rpartition("|")[2]
            found = User(
                user_id=user_id,
                username=name,
                email=f"{name}@example.com",
                password=f"{name}-password",
                name=name.capitalize(),
            )
            with state.lock:
                state.users[user_id] = found
        if permissions is not None:
            wanted = {Permission(self.audience, name) for name in permissions}
            self.define(*(permission.permission_name for permission in wanted))
            held = {p for p in found.permissions if p.resource_server_identifier == self.audience}
            state.unassign(found.user_id, held - wanted)
            state.assign(found.user_id, wanted)
            with state.lock:
                # Exactly these: what roles would add is taken away.
                found.roles = [role for role in found.roles if not self._grants(role)]
        return found

    def define(self, *permissions: str) -> None:
        """Make the app's API define permissions."""
        with self.state.lock:
            for name in permissions:
                self._api().scopes.setdefault(name, name)
            self.state.touch()

    def undefine(self, *permissions: str) -> None:
        """Make the app's API define permissions no more; whoever held them holds them no more."""
        for name in permissions:
            self.state.drop_scope(self.audience, name)

    def token(
        self,
        login: str | None = None,
        *,
        scopes: Iterable[str] | None = None,
        permissions: Iterable[str] | None = None,
        organization: str | None = None,
        expired: bool = False,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a signed access token for the app.

        :param login: whose; ``None`` for a machine's.
        :param scopes: the token's ``scope``; default what the user holds.
        :param permissions: the token's ``permissions`` claim; default what the user holds.
        :param organization: the organisation that the user is logged in to.
        :param expired: whether its time is over already.
        :param claims: more claims, or other values for those that are there.
        """
        wanted = MintRequest(
            user=None if login is None else self.user(login).user_id,
            audience=self.audience,
            scope=None if scopes is None else list(scopes),
            permissions=None if permissions is None else list(permissions),
            organization=organization,
            expired=expired,
            claims=dict(claims or {}),
        )
        token: str = mint(tenant_of(self._server.app), wanted)["access_token"]
        return token

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Undo, at the end, whatever was changed within: users, permissions, definitions, faults."""
        before = self.state.snapshot()
        try:
            yield
        finally:
            self.state.restore(before)
            self.state.faults.clear()

    def start(self) -> Auth0Tenant:
        """Begin to answer on loopback."""
        self._server.start()
        return self

    def stop(self) -> None:
        """End."""
        self._server.stop()

    def __enter__(self) -> Auth0Tenant:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _api(self) -> ResourceServer:
        api = self.state.find_api(self.audience)
        if api is None:
            raise LookupError(f"The tenant has no API {self.audience!r}")
        return api

    def _grants(self, role_id: str) -> bool:
        role = self.state.roles.get(role_id)
        return role is not None and any(
            permission.resource_server_identifier == self.audience for permission in role.permissions
        )
