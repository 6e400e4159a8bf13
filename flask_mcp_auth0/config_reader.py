"""Typed values out of a Flask configuration, with everything that is wrong collected for one report."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

#: What may sign a token: asymmetric only, so that a public key can never be taken for a shared secret.
ASYMMETRIC_ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)

PREFIXES = frozenset({"AUTH0", "MCP"})

#: How much alike two names are for one to be taken for the other (difflib's ratio, without the prefix).
_NEAR = 0.82

#: Shorter keys can be guessed by whoever reads what they seal.
SHORTEST_SECRET = 16

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class ConfigReader:
    """Reads typed values and collects what is wrong with them.

    Strings, as environment variables give them, are converted. A malformed value reads as the default, and
    as a sentence in :attr:`problems`, which never repeats a secret.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._asked_for: set[str] = set()
        self.problems: list[str] = []

    def misspelt(self) -> list[tuple[str, str]]:
        """Return keys that look like one that was read and is not set, each with that one.

        A restriction that is spelled wrongly restricts nothing. Others may own keys that begin like ours, so that
        nothing is said of those that are merely unknown.
        """
        unset = [key for key in sorted(self._asked_for) if self._config.get(key) is None]
        found = []
        for key in sorted(key for key in self._config if isinstance(key, str)):
            prefix, _, name = key.partition("_")
            if prefix not in PREFIXES or not name or key in self._asked_for:
                continue
            names = [other.partition("_")[2] for other in unset if other.startswith(f"{prefix}_")]
            near = difflib.get_close_matches(name, names, n=1, cutoff=_NEAR)
            if near:
                found.append((key, f"{prefix}_{near[0]}"))
            elif prefix == "MCP" and f"AUTH0_{name}" in unset:
                found.append((key, f"AUTH0_{name}"))
        return found

    def _get(self, key: str) -> Any:
        self._asked_for.add(key)
        return self._config.get(key)

    def text(self, key: str) -> str | None:
        value = self._get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str | int | float):
            self.problems.append(f"{key} must be text, not {type(value).__name__}")
            return None
        text = str(value).strip()
        if any(ord(char) < 0x20 for char in text) and "KEY" not in key and key != "MCP_INSTRUCTIONS":
            self.problems.append(f"{key} holds a control character")
            return None
        return text or None

    def secret(self, key: str, *, at_least: int) -> str | None:
        value = self.text(key)
        if value is not None and len(value) < at_least:
            self.problems.append(f"{key} is too short to be a secret: at least {at_least} characters")
        return value

    def url(self, key: str, *, required: str | None = None) -> str:
        value = self.text(key)
        if value is None:
            if required:
                self.problems.append(f"{key} is missing: {required}")
            return ""
        url = value if "://" in value else f"https://{value}"
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        if (
            not host
            or parts.scheme not in ("http", "https")
            or parts.query
            or parts.fragment
            or parts.username
        ):
            self.problems.append(f"{key} is {value!r}, which is not a host name or an http(s) URL")
            return ""
        if parts.scheme == "http" and host not in LOOPBACK_HOSTS:
            self.problems.append(f"{key} is {value!r}: http:// is only for a loopback host; use https://")
            return ""
        return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"

    def path(self, key: str, default: str) -> str:
        value = self.text(key) or default
        path = "/" + value.strip("/")
        if path == "/" or "//" in path or any(c in path for c in "?#<>%\\ ") or "/." in path:
            self.problems.append(f"{key} is {value!r}; it must be a plain path such as /mcp")
            return default
        return path

    def boolean(self, key: str, *, default: bool) -> bool:
        value = self._get(key)
        if value is None or value == "":
            return default
        if isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text in ("1", "true", "yes", "on"):
            return True
        if text not in ("0", "false", "no", "off"):
            self.problems.append(f"{key} is {value!r}; it must be true or false")
        return False

    def integer(self, key: str, default: int, lowest: int, highest: int) -> int:
        value = self._get(key)
        if value is None or value == "":
            return default
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = None
        if number is None or isinstance(value, bool) or not lowest <= number <= highest:
            self.problems.append(f"{key} is {value!r}; it must be a whole number from {lowest} to {highest}")
            return default
        return number

    def words(self, key: str, *, restricts: bool = False) -> tuple[str, ...]:
        """Read a list of texts.

        :param restricts: that without it everything is allowed: then it is left out or holds something.
        """
        value = self._get(key)
        if value is None or (isinstance(value, str) and not value.strip() and not restricts):
            return ()
        if isinstance(value, str):
            words = tuple(value.replace(",", " ").split())
            if not words:
                self.problems.append(f"{key} is set and names nothing; leave it out instead")
            return words
        if isinstance(value, Sequence) and all(isinstance(word, str) for word in value):
            if restricts and not any(word.strip() for word in value):
                self.problems.append(f"{key} is set and names nothing; leave it out instead")
            return tuple(value)
        self.problems.append(f"{key} must be a list of texts, or one text with spaces or commas between them")
        return ()

    def choice(self, key: str, default: str, allowed: Sequence[str]) -> Any:
        value = self.text(key) or default
        if value not in allowed:
            self.problems.append(f"{key} is {value!r}; it must be one of {', '.join(allowed)}")
            return default
        return value

    def algorithms(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        names = self.words(key) or default
        for name in names:
            if name not in ASYMMETRIC_ALGORITHMS:
                self.problems.append(
                    f"{key} names {name!r}; only asymmetric algorithms are accepted: {', '.join(ASYMMETRIC_ALGORITHMS)}"
                )
        return names

    def secrets(self, key: str) -> tuple[str, ...]:
        value = self._get(key)
        if value is None or value == "":
            return ()
        keys = (
            [value] if isinstance(value, str | bytes) else list(value) if isinstance(value, Sequence) else []
        )
        texts = tuple(item.decode("latin-1") if isinstance(item, bytes) else str(item) for item in keys)
        if not texts or any(len(text) < SHORTEST_SECRET for text in texts):
            self.problems.append(
                f"{key} must be one key, or a list of keys newest first, of at least {SHORTEST_SECRET} characters each"
            )
        return texts

    def store_url(self, key: str) -> str | None:
        value = self.text(key)
        if value is not None and urlsplit(value).scheme not in ("redis", "rediss", "unix", "memory"):
            # The value may hold a password, so it is not repeated.
            self.problems.append(f"{key} must start with redis://, rediss:// or unix://")
        return None if value is None or value.startswith("memory") else value

    def origins(self, key: str) -> tuple[str, ...]:
        origins = self.words(key)
        for origin in origins:
            parts = urlsplit(origin)
            if origin != "*" and (not parts.scheme or not parts.netloc or parts.path or parts.query):
                self.problems.append(
                    f"{key} names {origin!r}; an origin is scheme://host[:port] without a path"
                )
        return origins
