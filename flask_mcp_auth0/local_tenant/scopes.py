"""The scopes of the tenant's own Management API: those of the endpoints that it imitates."""

from __future__ import annotations

_RESOURCES = {
    "clients": "create read update delete",
    "client_credentials": "read",
    "client_keys": "read update",
    "client_summary": "read",
    "client_grants": "create read update delete",
    "connections": "create read update delete",
    "grants": "read delete",
    "logs": "read",
    "logs_users": "read",
    "resource_servers": "create read update delete",
    "roles": "create read update delete",
    "role_members": "create read delete",
    "tenant_settings": "read update",
    "users": "create read update delete",
    "users_app_metadata": "create read update delete",
    "user_effective_permissions": "read",
    "user_permission_source_roles": "read",
    "user_effective_roles": "read",
    "user_role_source_groups": "read",
    "organizations": "create read update delete",
    "organization_members": "create read delete",
    "organization_member_roles": "create read delete",
    "organization_member_effective_roles": "read",
    "organization_client_grants": "create read delete",
    "groups": "create read update delete",
    "group_members": "create read delete",
    "group_roles": "create read delete",
    "rules": "read",
    "hooks": "read",
    "token_exchange_profiles": "create read update delete",
    "refresh_tokens": "read delete",
    "sessions": "read delete",
    "log_streams": "read",
}

MANAGEMENT_SCOPES: dict[str, str] = {
    f"{verb}:{resource}": f"{verb.capitalize()} {resource.replace('_', ' ')}"
    for resource, verbs in _RESOURCES.items()
    for verb in verbs.split()
}
