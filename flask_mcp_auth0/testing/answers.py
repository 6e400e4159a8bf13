"""What a test gets back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .transports import Reply


class MCPRequestError(AssertionError):
    """The app answered with an HTTP refusal or a JSON-RPC error instead of a result.

    :ivar status: the HTTP status.
    :ivar code: the JSON-RPC error code, ``None`` for a refusal before the protocol.
    :ivar body: the JSON body.
    :ivar headers: of the answer, as ``WWW-Authenticate``.
    """

    def __init__(self, what: str, reply: Reply, body: Mapping[str, Any]) -> None:
        error = body.get("error")
        self.status = reply.status
        self.headers = reply.headers
        self.body = body
        self.code: int | None = error.get("code") if isinstance(error, Mapping) else None
        said = error.get("message") if isinstance(error, Mapping) else body.get("error_description", error)
        super().__init__(f"{what} was answered with HTTP {reply.status}: {said}")


@dataclass(frozen=True, slots=True)
class CallResult:
    """The result of one tool call.

    :param content: its content blocks.
    :param structured: its structured content, ``None`` where there is none.
    :param is_error: whether the tool failed or was refused.
    :param notifications: what was sent before the answer: progress and log messages.
    :param raw: the whole result.
    """

    content: Sequence[Mapping[str, Any]]
    structured: Any
    is_error: bool
    notifications: Sequence[Mapping[str, Any]] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        """All text of the content."""
        return "\n".join(block["text"] for block in self.content if block.get("type") == "text")

    @property
    def value(self) -> Any:
        """What the function returned: its structured content unwrapped, else its text."""
        if self.structured is None:
            return self.text
        if isinstance(self.structured, Mapping) and set(self.structured) == {"result"}:
            return self.structured["result"]
        return self.structured

    @property
    def progress(self) -> list[float]:
        """The progress that was reported, in order."""
        return [
            message["params"]["progress"]
            for message in self.notifications
            if message.get("method") == "notifications/progress"
        ]


def messages_of(reply: Reply) -> list[dict[str, Any]]:
    """Return the JSON messages of an answer, be it plain JSON or an event stream."""
    if reply.headers.get("Content-Type", "").startswith("text/event-stream"):
        lines = reply.body.splitlines()
        return [json.loads(line[len("data: ") :]) for line in lines if line.startswith("data: ")]
    try:
        body = json.loads(reply.body) if reply.body else {}
    except ValueError:
        body = {"error_description": reply.body[:500]}
    return [body if isinstance(body, dict) else {"error_description": str(body)[:500]}]
