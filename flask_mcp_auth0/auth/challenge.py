"""``WWW-Authenticate`` challenges (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ..settings import IDENTITY_SCOPES, Settings
from .token_errors import ProofError, TokenError

#: Where the metadata of a protected resource is published (RFC 9728 §3.1).
PROTECTED_RESOURCE_PATH = "/.well-known/oauth-protected-resource"

#: RFC 6749 §3.3, scope-token.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")

#: Longer than this, a list of scopes is cut: servers refuse header lines beyond 8 KB.
_MAX_SCOPE_LENGTH = 4_096


def quoted(value: str) -> str:
    """Return ``value`` as a quoted-string that needs no escapes and can break out of nothing.

    What RFC 6750 §3 does not allow in such values (quotes, backslashes, control and non-ASCII characters) is
    replaced, not escaped: not every client's parser knows escapes.
    """
    return '"' + "".join(_harmless(char) for char in value) + '"'


def _harmless(char: str) -> str:
    if char == '"':
        return "'"
    if char == "\\":
        return "/"
    if char in "\r\n\t":
        return " "
    return char if " " <= char <= "~" else "?"


def advertised(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes that a client may be told to ask for: each once, well-formed, no ``offline_access``.

    Whether a client wants refresh tokens is not for a resource server to say (MCP authorization, Refresh
    Tokens).
    """
    return tuple(dict.fromkeys(one for one in scopes if one != "offline_access" and _SCOPE.fullmatch(one)))


def initial_scopes(settings: Settings, component_scopes: Iterable[str]) -> tuple[str, ...]:
    """Return what a client without a token is told to ask for.

    Only as much as is needed to be let in: the tools' own scopes are among it where they decide about access.

    :param component_scopes: the permissions and scopes that the tools, resources and prompts ask for.
    """
    own = component_scopes if settings.require != "permissions" else ()
    return advertised((*IDENTITY_SCOPES, *settings.scopes_supported, *own))


class Challenges:
    """Builds the challenges of one server. Each carries where the metadata is, and which scopes to ask for.

    Immutable, so safe to share between threads.

    :param scopes: returns what :func:`initial_scopes` returns; called for each challenge.
    :param dpop_algorithms: the ``alg`` values that DPoP proofs may be signed with (RFC 9449 §7.1).
    """

    def __init__(
        self, settings: Settings, scopes: Callable[[], Iterable[str]], *, dpop_algorithms: Iterable[str] = ()
    ) -> None:
        self._scopes = scopes
        self._mode = settings.dpop
        self._algorithms = " ".join(dpop_algorithms)
        #: The absolute URL of the metadata document.
        self.resource_metadata = settings.base_url + PROTECTED_RESOURCE_PATH + settings.mcp_path

    def of(self, error: TokenError) -> tuple[str, ...]:
        """Return the header values that answer a refused token, one a scheme that is accepted."""
        scopes = advertised(self._scopes()) or IDENTITY_SCOPES
        # A wrong proof concerns DPoP alone; a client that sent none is told of both schemes.
        bearer, dpop = self._mode != "required", self._mode != "off"
        if isinstance(error, ProofError) and dpop:
            bearer = False
        schemes = [scheme for scheme, used in (("Bearer", bearer), ("DPoP", dpop)) if used]
        return tuple(
            self._challenge(scheme, error.challenge_error, scopes, error.description) for scheme in schemes
        )

    def insufficient_scope(self, scopes: Iterable[str], description: str | None = None) -> str:
        """Return the header value that asks a client to step up (RFC 6750 §3.1).

        :param scopes: every scope that the operation needs, so that one step is enough.
        """
        scheme = "DPoP" if self._mode == "required" else "Bearer"
        text = description or "The access token lacks a scope that this needs."
        return self._challenge(scheme, "insufficient_scope", advertised(scopes), text)

    def _challenge(self, scheme: str, error: str | None, scopes: Iterable[str], description: str) -> str:
        # The description comes last: clients that search for scope= or error= must not find them in a text.
        parameters = [("scope", _joined(scopes)), ("resource_metadata", self.resource_metadata)]
        if error is not None:
            parameters = [("error", error), *parameters]
        if scheme == "DPoP":
            parameters.append(("algs", self._algorithms))
        if error is not None:
            parameters.append(("error_description", description))
        return f"{scheme} " + ", ".join(f"{name}={quoted(value)}" for name, value in parameters)


def _joined(scopes: Iterable[str]) -> str:
    text = ""
    for scope in scopes:
        if len(text) + len(scope) >= _MAX_SCOPE_LENGTH:
            break
        text = f"{text} {scope}" if text else scope
    return text
