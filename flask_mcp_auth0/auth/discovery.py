"""The authorization server as its discovery documents describe it.

OpenID Connect Discovery 1.0 §4 and RFC 8414 §3; either document does. Endpoints and the issuer's exact
spelling come from there and are never guessed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from ..condition import Condition
from ..config_reader import LOOPBACK_HOSTS
from ..outbound import Outbound, OutboundError
from .cache import LookupCache, cache_key
from .remote_document import DocumentError, RemoteDocument

_OIDC = "/.well-known/openid-configuration"
_OAUTH = "/.well-known/oauth-authorization-server"


class AuthorizationServer:
    """The tenant. Its document is cached, and used on while the tenant is down.

    Safe to share between threads and across forks (see :class:`RemoteDocument`).

    :param issuer_url: where discovery starts, with or without a trailing slash.
    :param outbound: what fetches.
    :param cache: shared look-ups.
    :param clock: Unix time in seconds.
    """

    def __init__(
        self,
        issuer_url: str,
        outbound: Outbound,
        cache: LookupCache,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuer_url = issuer_url
        self._outbound = outbound
        self._document = RemoteDocument(
            f"The discovery document of {issuer_url}",
            cache_key("discovery", issuer_url),
            self._fetch,
            self._parse,
            cache,
            clock,
        )

    def __repr__(self) -> str:
        return f"<AuthorizationServer {self.issuer_url}>"

    def metadata(self) -> Mapping[str, Any]:
        """Return the document as the tenant publishes it, read only.

        :raises AuthorizationUnavailable: if the tenant cannot be reached and none is in hand.
        :raises DocumentError: if it answered with a document that is wrong.
        """
        return self._document.get()

    def condition(self) -> Condition:
        """Tell how fetching the document has gone, without fetching."""
        return self._document.condition()

    def issuer(self) -> str:
        """Return the issuer's exact name; tokens and metadata are compared with it as strings.

        :raises AuthorizationUnavailable: as :meth:`metadata` does.
        """
        issuer: str = self._document.get()["issuer"]
        return issuer

    def endpoint(self, name: str) -> str:
        """Return an endpoint's URL.

        :param name: a metadata name of RFC 8414 §2, as in ``token_endpoint`` or ``jwks_uri``.
        :raises DocumentError: if the document does not name it, or names a URL that must not be called.
        :raises AuthorizationUnavailable: as :meth:`metadata` does.
        """
        return self._endpoint(self._document.get(), name)

    def _fetch(self) -> Any:
        last: OutboundError | None = None
        for url in discovery_urls(self.issuer_url):
            try:
                return self._outbound.get_json(url)
            except OutboundError as error:
                # The next form is for servers that do not know this one, not for those that are down.
                if error.status is None or error.status == 429 or error.status >= 500:
                    raise
                last = error
        reason = last.reason if last else "there is no URL to ask"
        raise DocumentError(f"no discovery document found: {reason}")

    def _parse(self, raw: Any) -> Mapping[str, Any]:
        if not isinstance(raw, dict):
            raise DocumentError("the discovery document is not a JSON object")
        issuer = raw.get("issuer")
        if not isinstance(issuer, str):
            raise DocumentError("the discovery document names no issuer")
        # RFC 8414 §3.3 asks for equality; the configured URL may only differ in one trailing slash.
        if issuer.removesuffix("/") != self.issuer_url.removesuffix("/"):
            raise DocumentError(
                f"the discovery document is that of the issuer {issuer[:200]!a}, but AUTH0_DOMAIN says "
                f"{self.issuer_url!r}"
            )
        self._endpoint(raw, "jwks_uri")
        return MappingProxyType(raw)

    def _endpoint(self, document: Mapping[str, Any], name: str) -> str:
        url = document.get(name)
        if not isinstance(url, str) or not url:
            raise DocumentError(f"the discovery document names no {name}")
        if not self._may_call(url):
            raise DocumentError(f"the discovery document names a {name} that must not be called")
        return url

    def _may_call(self, url: str) -> bool:
        """Tell whether an endpoint may be trusted with a request.

        The document came over TLS from the issuer, so it may name another host (Google's keys are on one);
        but nothing is asked in clear, except where the issuer itself is on loopback.
        """
        try:
            parts, own = urlsplit(url), urlsplit(self.issuer_url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return False
        if not host or parts.username is not None or parts.fragment:
            return False
        if any(not " " < char < "\x7f" for char in url):
            return False
        return parts.scheme == "https" or (
            parts.scheme == "http" and host in LOOPBACK_HOSTS and own.hostname in LOOPBACK_HOSTS
        )


def discovery_urls(issuer_url: str) -> list[str]:
    """Return where the documents of an issuer may be, best first.

    The appended OIDC form first, then RFC 8414's, which is put between host and path (§3.1).
    """
    parts = urlsplit(issuer_url)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    urls = [origin + path + _OIDC, origin + _OAUTH + path]
    if path:
        urls += [origin + _OIDC + path, origin + path + _OAUTH]
    return urls
