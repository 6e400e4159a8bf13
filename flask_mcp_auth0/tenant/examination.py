"""What the commands look at: the app, its tenant's documents and settings, each read at most once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from flask_caching.backends import SimpleCache

from ..auth.cache import LookupCache
from ..auth.discovery import AuthorizationServer
from ..auth0_api.management import ManagementProvider
from ..outbound import Outbound
from ..sealing import Sealer
from .http import TenantHTTP
from .management import ManagementAPI, NotFound, segment
from .needs import Need, needs_of
from .pace import Pace

if TYPE_CHECKING:
    from ..app_state import AppState

T = TypeVar("T")
Item = Mapping[str, Any]

#: A Management API token of an administrator, used instead of the app's own credentials where it is set.
TOKEN_VARIABLE = "AUTH0_MANAGEMENT_TOKEN"  # noqa: S105

THIRD_PARTIES = "third_party_clients"


class Examination:
    """One run of a command over one app and its tenant. For one thread.

    Whatever is read is kept, a failure too, so that checks cost no request twice.

    :param state: the app.
    :param pace: when the Management API may be asked.
    :param workers: how many worker processes serve the app, if known.
    :param environ: where an administrator's token may be.
    """

    def __init__(
        self,
        state: AppState,
        pace: Pace,
        *,
        workers: int | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.app_state = state
        self.settings = state.settings
        self.clock = pace.clock
        self.pace = pace
        self.workers = workers
        self.http = TenantHTTP()
        # Nothing that workers keep: what they know may be old, and the command's own tokens are not theirs.
        outbound, cache = Outbound(), LookupCache(SimpleCache())
        self.server = AuthorizationServer(self.settings.issuer_url, outbound, cache)
        provider = ManagementProvider(self.settings, self.server, outbound, cache, Sealer(()))
        base_url = self.settings.management_url + "/api/v2"
        given = environ.get(TOKEN_VARIABLE)
        self.own = ManagementAPI(base_url, provider.token, pace)
        self.management = ManagementAPI(base_url, lambda: given, pace) if given else self.own
        self._kept: dict[str, tuple[Any, Exception | None]] = {}

    def _once(self, name: str, read: Callable[[], T]) -> T:
        if name not in self._kept:
            try:
                self._kept[name] = read(), None
            except Exception as error:
                self._kept[name] = None, error
        value, failed = self._kept[name]
        if failed is not None:
            raise failed
        return value  # type: ignore[no-any-return]

    def forget(self) -> None:
        """Read everything anew, after something was written."""
        self._kept.clear()

    # -- the app

    @property
    def needs(self) -> dict[str, Need]:
        """The permissions that the app's components ask for."""
        return self._once("needs", lambda: needs_of(self.app_state.registry))

    def component_permissions(self) -> set[str]:
        """Return the permission that each component has by its name, asked for or not."""
        return {f"{bound.component.kind}:{bound.component.name}" for bound in self.app_state.registry}

    # -- the tenant's documents

    def metadata(self) -> Mapping[str, Any]:
        """Return the discovery document.

        :raises AuthorizationUnavailable: if there is none.
        """
        return self._once("metadata", self.server.metadata)

    def keys(self) -> list[Item]:
        """Return the published signing keys.

        :raises OutboundError: if they cannot be fetched.
        :raises AuthorizationUnavailable: if it is not known where they are.
        """

        def read() -> list[Item]:
            self.metadata()
            answer = self.http.get_json(self.server.endpoint("jwks_uri"))
            keys = answer.get("keys") if isinstance(answer, dict) else None
            return [key for key in keys or () if isinstance(key, dict)]

        return self._once("keys", read)

    def tenant_date(self) -> tuple[str | None, float]:
        """Return the ``Date`` header of an answer of the tenant, and our time when it came."""

        def read() -> tuple[str | None, float]:
            self.metadata()
            _, _, headers = self.http.request("GET", self.server.endpoint("jwks_uri"))
            return headers.get("Date"), time.time()

        return self._once("date", read)

    # -- the Management API; each raises ManagementProblem

    def tenant_settings(self) -> Item:
        """Return the tenant's settings."""
        return self._once("settings", lambda: self.management.get("tenants/settings", "read:tenant_settings"))

    def flag(self, name: str) -> bool:
        """Return one of the tenant's flags."""
        flags = self.tenant_settings().get("flags")
        return bool(flags.get(name)) if isinstance(flags, Mapping) else False

    def resource_server(self) -> Item:
        """Return the API.

        :raises NotFound: if the tenant has none with exactly this identifier.
        """
        return self._once("api", self.read_resource_server)

    def read_resource_server(self) -> Item:
        """Return the API as it is now."""
        path = f"resource-servers/{segment(self.settings.resource_server_identifier)}"
        api: Item = self.management.get(path, "read:resource_servers")
        if api.get("identifier") != self.settings.resource_server_identifier:
            raise NotFound("the tenant answered with another API")
        return api

    def api_scopes(self) -> dict[str, str]:
        """Return the permissions that the API defines, with their descriptions."""
        return scopes_of_api(self.resource_server())

    def resource_servers(self) -> list[dict[str, Any]]:
        """Return every API of the tenant."""
        return self._once(
            "apis",
            lambda: self.management.items("resource-servers", "resource_servers", "read:resource_servers"),
        )

    def client_grants(self) -> list[dict[str, Any]]:
        """Return what applications may ask of the API."""
        return self._once(
            "grants",
            lambda: self.management.items_by_cursor(
                "client-grants", "client_grants", "read:client_grants", audience=self.settings.audience
            ),
        )

    def third_party_grant(self) -> dict[str, Any] | None:
        """Return the grant that every third-party application has for the API, ``None`` where there is none."""
        return next(
            (
                grant
                for grant in self.client_grants()
                if grant.get("default_for") == THIRD_PARTIES and grant.get("subject_type") == "user"
            ),
            None,
        )

    def connections(self) -> list[dict[str, Any]]:
        """Return the ways in which users log in."""
        return self._once(
            "connections",
            lambda: self.management.items_by_cursor(
                "connections",
                "connections",
                "read:connections",
                fields="id,name,strategy,is_domain_connection",
            ),
        )

    def third_party_clients(self) -> list[dict[str, Any]]:
        """Return the applications that registered themselves, or were registered as somebody else's."""
        fields = "client_id,name,created_at,is_first_party,external_metadata_type,external_client_id"
        return self._once(
            "clients",
            lambda: self.management.items(
                "clients", "clients", "read:clients", is_first_party=False, fields=fields
            ),
        )

    def own_client(self) -> Item:
        """Return the app's own application."""
        fields = "client_id,name,app_type,grant_types,token_exchange,resource_server_identifier"
        path = f"clients/{segment(self.settings.client_id or '')}"
        return self._once("client", lambda: self.management.get(path, "read:clients", fields=fields))

    def extensions_of(self, name: str) -> list[dict[str, Any]]:
        """Return the enabled ``rules`` or ``hooks``; none on tenants that no longer have them."""

        def read() -> list[dict[str, Any]]:
            try:
                return self.management.items(name, name, f"read:{name}", enabled=True)
            except NotFound:
                return []

        return self._once(name, read)

    def organization(self, name: str) -> Item:
        """Return an organisation by its id (``org_…``) or its name."""

        def read() -> Item:
            path = f"organizations/{segment(name)}"
            if not name.startswith("org_"):
                path = f"organizations/name/{segment(name)}"
            try:
                found: Item = self.management.get(path, "read:organizations")
            except NotFound:
                raise NotFound(f"there is no organization {name}") from None
            return found

        return self._once(f"organization {name}", read)


def scopes_of_api(api: Item) -> dict[str, str]:
    """Return an API's permissions with their descriptions, in their order."""
    return {
        str(scope["value"]): str(scope.get("description") or "")
        for scope in api.get("scopes") or ()
        if isinstance(scope, Mapping) and scope.get("value")
    }
