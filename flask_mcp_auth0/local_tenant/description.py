"""The form of a tenant's YAML description; unknown keys are mistakes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .model import GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN

Permissions = dict[str, list[str]]  # API identifier → scopes


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ApiDescription(_Strict):
    identifier: str = Field(min_length=1)
    name: str = ""
    scopes: dict[str, str] = {}
    signing_alg: Literal["RS256", "PS256", "HS256"] = "RS256"
    token_dialect: Literal[
        "access_token", "access_token_authz", "rfc9068_profile", "rfc9068_profile_authz"
    ] = "access_token_authz"  # noqa: S105
    enforce_policies: bool = True
    allow_offline_access: bool = True
    token_lifetime: int = Field(86400, ge=1)
    token_lifetime_for_web: int = Field(7200, ge=1)
    skip_consent_for_verifiable_first_party_clients: bool = True
    subject_type_authorization: dict[Literal["user", "client"], dict[str, str]] = {
        "user": {"policy": "allow_all"},
        "client": {"policy": "require_client_grant"},
    }
    proof_of_possession: dict[str, Any] | None = None


class RoleDescription(_Strict):
    name: str = Field(min_length=1)
    description: str = ""
    permissions: Permissions = {}


class UserDescription(_Strict):
    username: str = Field(min_length=1)
    password: str = Field(min_length=1)
    user_id: str | None = None
    email: str = ""
    email_verified: bool = True
    blocked: bool = False
    name: str = ""
    nickname: str = ""
    given_name: str | None = None
    family_name: str | None = None
    picture: str = ""
    user_metadata: dict[str, Any] = {}
    app_metadata: dict[str, Any] = {}
    connected_accounts: dict[str, dict[str, Any]] = {}
    roles: list[str] = []
    permissions: Permissions = {}


class GroupDescription(_Strict):
    name: str = Field(min_length=1)
    members: list[str] = []
    roles: list[str] = []


class OrganizationDescription(_Strict):
    name: str = Field(min_length=1)
    display_name: str = ""
    third_party_client_access: Literal["allow", "block"] = "block"
    members: dict[str, list[str]] = {}  # user name → role names


class ConnectionDescription(_Strict):
    name: str = Field(min_length=1)
    strategy: str = "auth0"
    display_name: str | None = None
    is_domain_connection: bool = False
    enabled_clients: list[str] = []


class GrantDescription(_Strict):
    audience: str
    client_id: str | None = None
    default_for: Literal["third_party_clients"] | None = None
    scope: list[str] = []
    allow_all_scopes: bool = False
    subject_type: Literal["client", "user"] = "client"
    organization_usage: Literal["deny", "allow", "require"] | None = None
    allow_any_organization: bool | None = None


class ClientDescription(_Strict):
    client_id: str = Field(min_length=1)
    name: str = ""
    client_secret: str | None = None
    app_type: Literal["native", "spa", "regular_web", "non_interactive", "resource_server"] = "regular_web"
    is_first_party: bool = True
    third_party_security_mode: Literal["strict", "permissive"] = "strict"
    callbacks: list[str] = []
    grant_types: list[str] = [GRANT_AUTHORIZATION_CODE, GRANT_REFRESH_TOKEN]
    token_endpoint_auth_method: Literal[
        "none", "client_secret_post", "client_secret_basic", "private_key_jwt"
    ] = "client_secret_post"  # noqa: S105
    jwks: dict[str, Any] | None = None
    resource_server_identifier: str | None = None
    token_exchange: dict[str, Any] | None = None
    require_proof_of_possession: bool = False
    organization_usage: Literal["deny", "allow", "require"] = "allow"
    refresh_token: dict[str, Any] | None = None
    client_metadata: dict[str, str] = {}
    grants: list[GrantDescription] = []


class ProfileDescription(_Strict):
    name: str = Field(min_length=1)
    subject_token_type: str
    users: dict[str, str] = {}  # subject token → user name


class LogStreamDescription(_Strict):
    """A web hook that gets every log entry, as Auth0's custom log streams do."""

    url: str = Field(pattern=r"^https?://")
    authorization: str | None = None


class Description(_Strict):
    settings: dict[str, Any] = {}
    apis: list[ApiDescription] = []
    roles: list[RoleDescription] = []
    users: list[UserDescription] = []
    groups: list[GroupDescription] = []
    organizations: list[OrganizationDescription] = []
    connections: list[ConnectionDescription] = []
    clients: list[ClientDescription] = []
    client_grants: list[GrantDescription] = []
    token_exchange_profiles: list[ProfileDescription] = []
    log_stream: LogStreamDescription | None = None
    rate_limit: Literal["free", "essentials", "enterprise", "enterprise-non-production"] | None = None
