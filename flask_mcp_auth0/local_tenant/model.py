"""What a tenant holds: users, what grants them permissions, APIs, applications and their grants.

Field names are those of Auth0's Management API, so that an object's page in its documentation describes it
here too. Identifiers are plain strings; times are seconds since the epoch. Secrets are kept out of every
``repr``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

TOKEN_DIALECTS = ("access_token", "access_token_authz", "rfc9068_profile", "rfc9068_profile_authz")

GRANT_AUTHORIZATION_CODE = "authorization_code"
GRANT_REFRESH_TOKEN = "refresh_token"  # noqa: S105
GRANT_CLIENT_CREDENTIALS = "client_credentials"
GRANT_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105
GRANT_FEDERATED_CONNECTION = (
    "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token"
)
GRANT_CIBA = "urn:openid:params:grant-type:ciba"


class Permission(NamedTuple):
    """A scope of an API, as it is assigned to users and roles."""

    resource_server_identifier: str
    permission_name: str


class PermissionSource(NamedTuple):
    """Why somebody holds a permission.

    ``kind`` is ``direct``, ``role`` (assigned to the user), ``group`` (a role of one of the user's groups) or
    ``organization`` (a role as a member of one); ``role_id`` and ``via`` (the group's or the organisation's
    id) are empty where they do not apply.
    """

    kind: str
    role_id: str = ""
    via: str = ""


@dataclass(slots=True)
class User:
    user_id: str
    username: str
    email: str
    password: str = field(repr=False)
    name: str = ""
    nickname: str = ""
    given_name: str | None = None
    family_name: str | None = None
    picture: str = ""
    email_verified: bool = True
    blocked: bool = False
    user_metadata: dict[str, Any] = field(default_factory=dict)
    app_metadata: dict[str, Any] = field(default_factory=dict)
    permissions: set[Permission] = field(default_factory=set)  # assigned directly
    roles: list[str] = field(default_factory=list)  # role ids
    # Access tokens of other providers (Token Vault), by connection name: {"access_token": …, "scope": …,
    # "expires_in": …}
    connected_accounts: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    created_at: float = 0.0
    updated_at: float = 0.0
    last_login: float | None = None
    logins_count: int = 0


@dataclass(slots=True)
class Role:
    id: str
    name: str
    description: str = ""
    permissions: set[Permission] = field(default_factory=set)


@dataclass(slots=True)
class Group:
    id: str
    name: str
    members: list[str] = field(default_factory=list)  # user ids
    roles: list[str] = field(default_factory=list)  # role ids


@dataclass(slots=True)
class Organization:
    id: str
    name: str
    display_name: str = ""
    third_party_client_access: str = "block"  # or "allow"
    members: dict[str, list[str]] = field(default_factory=dict)  # user id → role ids
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ResourceServer:
    """An API. ``identifier`` never changes and is compared exactly."""

    id: str
    identifier: str
    name: str
    scopes: dict[str, str] = field(default_factory=dict)  # value → description, in order
    signing_alg: str = "RS256"
    token_dialect: str = "access_token_authz"  # noqa: S105
    enforce_policies: bool = True
    allow_offline_access: bool = True
    token_lifetime: int = 86400
    token_lifetime_for_web: int = 7200
    skip_consent_for_verifiable_first_party_clients: bool = True
    # Policies: allow_all, require_client_grant or deny_all for users; the last two for clients.
    subject_type_authorization: dict[str, dict[str, str]] = field(
        default_factory=lambda: {
            "user": {"policy": "allow_all"},
            "client": {"policy": "require_client_grant"},
        }
    )
    proof_of_possession: dict[str, Any] | None = None  # {"mechanism": "dpop", "required": bool}
    token_encryption: dict[str, Any] | None = None
    consent_policy: str | None = None
    is_system: bool = False
    extra: dict[str, Any] = field(default_factory=dict)  # settings kept but not acted upon


@dataclass(slots=True)
class Client:
    """An application. Third-party ones are ``strict`` (``tpc_…``, no OpenID Connect, grants needed) or
    ``permissive``.
    """

    client_id: str
    name: str
    client_secret: str | None = field(default=None, repr=False)
    app_type: str = "regular_web"  # native | spa | regular_web | non_interactive | resource_server
    is_first_party: bool = True
    third_party_security_mode: str | None = None  # strict | permissive, for third parties
    external_metadata_type: str | None = None  # dcr | cimd
    external_metadata_created_by: str | None = None  # client | admin
    external_client_id: str | None = None  # the URL of a client ID metadata document
    callbacks: list[str] = field(default_factory=list)
    grant_types: list[str] = field(default_factory=lambda: [GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN])
    token_endpoint_auth_method: str = "client_secret_post"  # noqa: S105  (none | _post | _basic | private_key_jwt)
    jwks: dict[str, Any] | None = None  # public keys for private_key_jwt
    jwks_uri: str | None = None
    logo_uri: str | None = None
    client_uri: str | None = None
    description: str | None = None
    resource_server_identifier: str | None = None  # of app_type resource_server: the API that it is
    token_exchange: dict[str, Any] | None = None  # {"allow_any_profile_of_type": […]}
    require_proof_of_possession: bool = False
    organization_usage: str = "allow"  # deny | allow | require
    # rotation_type (rotating or non-rotating), token_lifetime and leeway in seconds.
    refresh_token: dict[str, Any] | None = None
    client_metadata: dict[str, str] = field(default_factory=dict)
    created_at: float = 0.0
    updated_at: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def strict(self) -> bool:
        """Whether it is a third-party application under the strict rules."""
        return not self.is_first_party and self.third_party_security_mode != "permissive"


@dataclass(slots=True)
class ClientGrant:
    """What an application (or, with ``default_for``, every third-party one) may ask of an API."""

    id: str
    audience: str
    client_id: str | None = None
    default_for: str | None = None  # "third_party_clients"; then there is no client_id
    scope: list[str] = field(default_factory=list)
    allow_all_scopes: bool = False
    subject_type: str = "client"  # client (machine to machine) | user
    organization_usage: str | None = None
    allow_any_organization: bool | None = None
    is_system: bool = False


@dataclass(slots=True)
class Connection:
    id: str
    name: str
    strategy: str = "auth0"
    display_name: str | None = None
    is_domain_connection: bool = False
    enabled_clients: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class UserGrant:
    """What a user consented to for one application and API (Management API ``/grants``)."""

    id: str
    client_id: str
    user_id: str
    audience: str
    scope: list[str] = field(default_factory=list)
    organization_id: str | None = None


@dataclass(slots=True)
class TokenExchangeProfile:
    """How subject tokens of a type of one's own become users (Auth0's custom token exchange).

    Auth0 runs an Action there; here ``users`` maps the subject token's text to a user's login name, which is
    all that a test needs.
    """

    id: str
    name: str
    subject_token_type: str
    users: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class TenantSettings:
    friendly_name: str = "Local tenant"
    default_audience: str = ""
    flags: dict[str, bool] = field(default_factory=lambda: {"enable_dynamic_client_registration": True})
    resource_parameter_profile: str = "compatibility"  # or "audience": RFC 8707's parameter is ignored
    dynamic_client_registration_security_mode: str = "strict"  # or "permissive"
    client_id_metadata_document_supported: bool = True
    client_id_metadata_document_dynamic_registration_supported: bool = True
    authorization_response_iss_parameter_supported: bool = True
    skip_non_verifiable_callback_uri_confirmation_prompt: bool = True
    session_lifetime: float = 168.0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class AuthorizationCode:
    """A code between ``/authorize`` and ``/oauth/token``; used once, for a minute."""

    code: str = field(repr=False)
    client_id: str
    user_id: str
    redirect_uri: str
    requested_redirect_uri: str | None  # None: the request named none, so the exchange need not either
    scope: str
    audience: str
    organization: str | None
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    auth_time: int
    expires_at: float
    dpop_jkt: str | None = None
    used: bool = False


@dataclass(slots=True)
class RefreshToken:
    """One refresh token; ``family`` is shared by those that came of one login by rotation."""

    id: str  # SHA-256 of the token, in hex: the token itself is not kept
    family: str
    client_id: str
    user_id: str
    scope: str
    audience: str
    organization: str | None
    issued_at: float
    expires_at: float
    rotated_at: float | None = None
    dpop_jkt: str | None = None


@dataclass(slots=True)
class LogEvent:
    """An entry of the tenant's log. ``type`` is Auth0's code: ``s`` login, ``seacft`` code exchanged,
    ``feccft`` …
    """

    log_id: str
    date: float
    type: str
    description: str = ""
    client_id: str | None = None
    client_name: str | None = None
    user_id: str | None = None
    user_name: str | None = None
    audience: str | None = None
    scope: str | None = None
    ip: str = "127.0.0.1"
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecentRequest:
    """A request that the tenant answered, for the administrator's page; never its parameters."""

    at: float
    method: str
    path: str
    status: int
    client_id: str | None = None
    user_id: str | None = None
    note: str = ""


Clock = Callable[[], float]
