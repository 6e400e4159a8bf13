"""The configuration, read once from Flask's config into one frozen dataclass.

Every key is listed in ``docs/configuration.md``. All missing and malformed keys are reported together, so
that nobody has to start the app six times to learn six names.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from ._version import __version__
from .config_reader import SHORTEST_SECRET, ConfigReader
from .errors import ConfigurationError

logger = logging.getLogger("flask_mcp_auth0")

PermissionsSource = Literal["management", "token", "auto"]
Require = Literal["permissions", "scope", "both"]
Protect = Literal["tenant", "decorated"]
UndefinedPermission = Literal["deny", "public"]
ToolListing = Literal["allowed", "all", "conceal"]
StepUp = Literal["http", "result", "auto"]
DPoPMode = Literal["off", "allowed", "required"]

#: Scopes that are always advertised (OpenID Connect Core §5.4).
IDENTITY_SCOPES = ("openid", "profile", "email")


@dataclass(frozen=True, slots=True)
class Settings:
    """What one app is configured to do. Secrets are left out of the ``repr``.

    URLs hold no trailing slash unless said otherwise; times are seconds; sizes are bytes.

    :param issuer_url: where discovery starts: ``AUTH0_DOMAIN`` as a URL.
    :param audience: the API identifier, compared exactly, and the ``resource`` that is published.
    :param base_url: the public URL of the app, without the MCP path.
    :param mcp_path: the path of the MCP endpoint below ``base_url``.
    """

    issuer_url: str
    audience: str
    base_url: str
    mcp_path: str = "/mcp"
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    client_assertion_key: str | None = field(default=None, repr=False)
    scopes_supported: tuple[str, ...] = ()
    management_url: str = ""
    management_audience: str = ""
    management_client_id: str | None = None
    management_client_secret: str | None = field(default=None, repr=False)
    management_client_assertion_key: str | None = field(default=None, repr=False)
    resource_server_identifier: str = ""
    permissions_source: PermissionsSource = "management"
    permissions_ttl: int = 60
    permissions_stale_ttl: int = 0
    api_scopes_ttl: int = 300
    require: Require = "permissions"
    protect: Protect = "tenant"
    undefined_permission: UndefinedPermission = "deny"
    leeway: int = 30
    algorithms: tuple[str, ...] = ("RS256", "PS256")
    organizations: tuple[str, ...] = ()
    dpop: DPoPMode = "off"
    step_up: StepUp = "auto"
    log_stream_token: str | None = field(default=None, repr=False)
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    store_url: str | None = field(default=None, repr=False)
    tool_listing: ToolListing = "allowed"
    anonymous: bool = False
    max_streams: int = 0
    allowed_origins: tuple[str, ...] = ()
    max_body: int = 4 * 1024 * 1024
    server_name: str = "flask-mcp-auth0"
    server_version: str = __version__
    instructions: str | None = None
    page: bool = True

    @property
    def endpoint_url(self) -> str:
        """The public URL of the MCP endpoint."""
        return self.base_url + self.mcp_path

    @property
    def has_client_credentials(self) -> bool:
        """Whether Auth0 can be asked anything in the app's own name."""
        return bool(self.management_client_id) and bool(
            self.management_client_secret or self.management_client_assertion_key
        )

    @property
    def has_short_secret_key(self) -> bool:
        """Whether what is sealed could be opened by guessing a key, which only Flask's own may be short for."""
        return any(len(key) < SHORTEST_SECRET for key in self.secret_keys)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, app_name: str = "flask-mcp-auth0") -> Settings:
        """Read ``AUTH0_…`` and ``MCP_…`` keys of a Flask configuration.

        :param config: usually ``app.config``; strings, as environment variables give them, are converted.
        :param app_name: the default of ``MCP_SERVER_NAME``.
        :raises ConfigurationError: naming every missing and every malformed key at once. What looks like a
            misspelt key is logged.
        """
        reader = ConfigReader(config)
        issuer_url = reader.url(
            "AUTH0_DOMAIN", required="your tenant's domain, as in your-tenant.eu.auth0.com"
        )
        base_url = reader.url(
            "MCP_BASE_URL", required="the public URL of this app, as in https://app.example.com"
        )
        mcp_path = reader.path("MCP_PATH", "/mcp")
        endpoint = base_url + mcp_path
        audience = reader.text("AUTH0_AUDIENCE") or endpoint
        if base_url and not is_resource_of(audience, endpoint):
            reader.problems.append(
                f"AUTH0_AUDIENCE is {audience!r}, which MCP clients would refuse: it is published as the resource, so "
                f"it must be {endpoint!r} or a prefix of it on the same origin (RFC 9728 §3.3)"
            )
        client_id = reader.text("AUTH0_CLIENT_ID")
        client_secret = reader.text("AUTH0_CLIENT_SECRET")
        assertion_key = reader.text("AUTH0_CLIENT_ASSERTION_KEY")
        if (client_secret or assertion_key) and not client_id:
            reader.problems.append(
                "AUTH0_CLIENT_SECRET (or AUTH0_CLIENT_ASSERTION_KEY) is set without AUTH0_CLIENT_ID"
            )
        if client_id and not (client_secret or assertion_key):
            reader.problems.append(
                "AUTH0_CLIENT_ID is set without AUTH0_CLIENT_SECRET or AUTH0_CLIENT_ASSERTION_KEY"
            )
        management_url = reader.url("AUTH0_MANAGEMENT_DOMAIN") or issuer_url
        management_secret = reader.text("AUTH0_MANAGEMENT_CLIENT_SECRET")
        management_key = reader.text("AUTH0_MANAGEMENT_CLIENT_ASSERTION_KEY")
        own = bool(management_secret or management_key)
        management_id = reader.text("AUTH0_MANAGEMENT_CLIENT_ID")
        if own != bool(management_id):
            reader.problems.append(
                "AUTH0_MANAGEMENT_CLIENT_ID and its secret (or assertion key) must be set together, or neither"
            )
        ttl = reader.integer("AUTH0_PERMISSIONS_TTL", 60, 1, 86_400)
        settings = cls(
            issuer_url=issuer_url,
            audience=audience,
            base_url=base_url,
            mcp_path=mcp_path,
            client_id=client_id,
            client_secret=client_secret,
            client_assertion_key=assertion_key,
            scopes_supported=reader.words("AUTH0_SCOPES_SUPPORTED"),
            management_url=management_url,
            management_audience=reader.text("AUTH0_MANAGEMENT_AUDIENCE") or management_url + "/api/v2/",
            management_client_id=management_id if own else client_id,
            management_client_secret=management_secret if own else client_secret,
            management_client_assertion_key=management_key if own else assertion_key,
            resource_server_identifier=reader.text("AUTH0_RESOURCE_SERVER_IDENTIFIER") or audience,
            permissions_source=reader.choice(
                "AUTH0_PERMISSIONS_SOURCE", "management", get_args(PermissionsSource)
            ),
            permissions_ttl=ttl,
            permissions_stale_ttl=reader.integer("AUTH0_PERMISSIONS_STALE_TTL", 0, 0, 86_400),
            api_scopes_ttl=reader.integer("AUTH0_API_SCOPES_TTL", 300, 1, 86_400),
            require=reader.choice("AUTH0_REQUIRE", "permissions", get_args(Require)),
            protect=reader.choice("AUTH0_PROTECT", "tenant", get_args(Protect)),
            undefined_permission=reader.choice(
                "AUTH0_UNDEFINED_PERMISSION", "deny", get_args(UndefinedPermission)
            ),
            leeway=reader.integer("AUTH0_LEEWAY", 30, 0, 300),
            algorithms=reader.algorithms("AUTH0_ALGORITHMS", ("RS256", "PS256")),
            organizations=reader.words("AUTH0_ORGANIZATION", restricts=True),
            dpop=reader.choice("AUTH0_DPOP", "off", get_args(DPoPMode)),
            step_up=reader.choice("AUTH0_STEP_UP", "auto", get_args(StepUp)),
            log_stream_token=reader.secret("AUTH0_LOG_STREAM_TOKEN", at_least=16),
            secret_keys=reader.secrets("MCP_SECRET_KEYS") or _flask_secrets(config),
            store_url=reader.store_url("MCP_STORE_URL"),
            tool_listing=reader.choice("MCP_TOOL_LISTING", "allowed", get_args(ToolListing)),
            anonymous=reader.boolean("MCP_ANONYMOUS", default=False),
            max_streams=reader.integer("MCP_MAX_STREAMS", 0, 0, 100_000),
            allowed_origins=reader.origins("MCP_ALLOWED_ORIGINS"),
            max_body=reader.integer("MCP_MAX_BODY", 4 * 1024 * 1024, 1024, 1 << 30),
            server_name=reader.text("MCP_SERVER_NAME") or app_name,
            server_version=reader.text("MCP_SERVER_VERSION") or __version__,
            instructions=reader.text("MCP_INSTRUCTIONS"),
            page=reader.boolean("MCP_PAGE", default=True),
        )
        if settings.store_url and settings.has_short_secret_key:
            reader.problems.append(
                "SECRET_KEY (or one of SECRET_KEY_FALLBACKS) is too short to seal what is in the store of "
                f"MCP_STORE_URL: at least {SHORTEST_SECRET} characters, or set MCP_SECRET_KEYS"
            )
        for key, meant in reader.misspelt():
            logger.warning("%s is set and does nothing: there is no such setting. Was %s meant?", key, meant)
        if reader.problems:
            raise ConfigurationError([*reader.problems, _WHERE])
        return settings


_WHERE = (
    "Set them in app.config before init_app; from the environment with app.config.from_prefixed_env() they are "
    "spelled FLASK_AUTH0_DOMAIN, FLASK_MCP_BASE_URL and so on. Every key is explained in docs/configuration.md."
)


def is_resource_of(resource: str, endpoint: str) -> bool:
    """Tell whether a client that was given ``endpoint`` accepts ``resource`` as its name.

    Same origin, and the path equal to the endpoint's or a prefix of it that ends at a slash, as MCP clients
    check it (RFC 9728 §3.3, RFC 8707 §2). No query, no fragment.
    """
    a, b = urlsplit(resource), urlsplit(endpoint)
    if (a.scheme, a.netloc) != (b.scheme, b.netloc) or a.query or a.fragment:
        return False
    return b.path == a.path or b.path.startswith(a.path if a.path.endswith("/") else a.path + "/")


def _flask_secrets(config: Mapping[str, Any]) -> tuple[str, ...]:
    keys = [config.get("SECRET_KEY"), *(config.get("SECRET_KEY_FALLBACKS") or ())]
    return tuple(key.decode("latin-1") if isinstance(key, bytes) else str(key) for key in keys if key)
