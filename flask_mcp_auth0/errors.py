"""Everything that this package raises on purpose, under one base.

::

    Auth0MCPError
    ├── ConfigurationError          settings are missing or wrong (at start)
    ├── RegistrationError           a tool, resource or prompt cannot be registered (at start)
    ├── OutsideRequestError         asked for the caller where there is none
    ├── ToolError                   a tool refuses; its text reaches the caller
    ├── PermissionDenied            the caller lacks a permission
    ├── InsufficientScopeError      the token lacks a scope that the client can still ask for
    ├── AuthorizationUnavailable    nobody could be asked whether the caller may
    └── Auth0APIError               Auth0 refused or could not be reached (get_client, get_management)

A tool may raise any of them; whatever else it raises is logged and answered without its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Auth0MCPError(Exception):
    """Base of every error that this package raises on purpose."""


class ConfigurationError(Auth0MCPError):
    """The Flask configuration lacks settings or holds malformed ones.

    :param problems: one sentence a problem; all of them are reported together.
    """

    def __init__(self, problems: Sequence[str] | str) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__(self._text())

    def _text(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0]
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        return f"{len(self.problems)} problems in the configuration:\n{lines}"


class RegistrationError(Auth0MCPError):
    """A tool, resource or prompt cannot be registered: its name, its signature or the moment is wrong."""


class OutsideRequestError(Auth0MCPError, RuntimeError):
    """The caller, or the running call, was asked for where there is none."""


class ToolError(Auth0MCPError):
    """Raised by a tool to refuse a call; the text is shown to the caller (``isError: true``).

    :param message: what the caller, a language model, should read.
    """

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class PermissionDenied(Auth0MCPError):
    """The caller lacks a permission; only the tenant's administrator can change that.

    :param message: the text for the caller; without one, a text naming the tool is put there.
    """

    def __init__(self, message: str | None = None) -> None:
        self.message = message
        super().__init__(message or "permission denied")


class InsufficientScopeError(Auth0MCPError):
    """The token lacks scopes that its client could still ask for (RFC 6750 §3.1, ``insufficient_scope``).

    :param scopes: every scope that the operation needs, those that the token holds included.
    """

    def __init__(self, scopes: Iterable[str], message: str | None = None) -> None:
        self.scopes: tuple[str, ...] = tuple(dict.fromkeys(scopes))
        self.message = message
        super().__init__(message or f"the token lacks scope: {' '.join(self.scopes)}")


class AuthorizationUnavailable(Auth0MCPError):
    """Nobody could be asked whether the caller may: denied for now, and to be tried again.

    :param reason: for the log; never shown to the caller.
    :param retry_after: seconds after which another try makes sense, if known.
    """

    def __init__(self, reason: str, retry_after: int | None = None) -> None:
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(reason)


class Auth0APIError(Auth0MCPError):
    """Auth0 refused a request of ours, or could not be reached.

    :param message: what happened and what to do about it.
    :param error: Auth0's own error code (``invalid_grant``, ``insufficient_scope``, …), if it gave one.
    :param status_code: the HTTP status, ``None`` when there was no answer.
    :param retry_after: seconds after which another try makes sense, if known.
    """

    def __init__(
        self,
        message: str,
        *,
        error: str | None = None,
        status_code: int | None = None,
        retry_after: int | None = None,
    ) -> None:
        self.error = error
        self.status_code = status_code
        self.retry_after = retry_after
        super().__init__(message)
