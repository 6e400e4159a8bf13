"""Make a Flask app an MCP server whose callers log in through Auth0."""

from __future__ import annotations

from ._version import __version__
from .auth.auth_info import AuthInfo, User, auth_info, get_auth_info
from .auth.checks import protected_tool, require_permission, require_scopes
from .auth0_api.accessors import get_client, get_management
from .auth0_api.decorators import approved_by_user, on_behalf_of, with_connection_token
from .blueprint import MCPBlueprint
from .errors import (
    Auth0APIError,
    Auth0MCPError,
    AuthorizationUnavailable,
    ConfigurationError,
    InsufficientScopeError,
    OutsideRequestError,
    PermissionDenied,
    RegistrationError,
    ToolError,
)
from .extension import Auth0MCP
from .protocol.call import Call, CallCancelled, ask, current_call
from .protocol.content import Audio, File, Image
from .protocol.mirrored_headers import MirroredHeader
from .protocol.questions import Answer, Form, Link, Roots, Sampling
from .rate_limits import mcp_rate_limit_key

__all__ = [
    "Answer",
    "Audio",
    "Auth0APIError",
    "Auth0MCP",
    "Auth0MCPError",
    "AuthInfo",
    "AuthorizationUnavailable",
    "Call",
    "CallCancelled",
    "ConfigurationError",
    "File",
    "Form",
    "Image",
    "InsufficientScopeError",
    "Link",
    "MCPBlueprint",
    "MirroredHeader",
    "OutsideRequestError",
    "PermissionDenied",
    "RegistrationError",
    "Roots",
    "Sampling",
    "ToolError",
    "User",
    "__version__",
    "approved_by_user",
    "ask",
    "auth_info",
    "current_call",
    "get_auth_info",
    "get_client",
    "get_management",
    "mcp_rate_limit_key",
    "on_behalf_of",
    "protected_tool",
    "require_permission",
    "require_scopes",
    "with_connection_token",
]
