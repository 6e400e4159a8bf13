"""Which runs of the suites there are, and what in them is no plain success, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .suite import PRERELEASE, RELEASED

#: Beginnings of the scenarios of extensions that the server does not offer.
EXTENSIONS = ("tasks-", "sep-2640-skills-")

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")


@dataclass(frozen=True)
class Run:
    """One run of a suite.

    :param selection: which scenarios, in the options that both listing and running them take.
    :param suite: what else running them takes.
    """

    version: str
    selection: tuple[str, ...]
    suite: tuple[str, ...] = ("--suite", "all")

    @property
    def options(self) -> Sequence[str]:
        """The options of the run."""
        return [*self.selection, *self.suite]

    def __str__(self) -> str:
        return " ".join([self.version, *(option.removeprefix("--") for option in self.selection)])


RUNS = (
    Run(RELEASED, ()),
    *(Run(PRERELEASE, ("--spec-version", revision)) for revision in REVISIONS),
    *(Run(PRERELEASE, ("--requirements", revision), ()) for revision in ("2025-11-25", "2026-07-28")),
)

_NOT_RESUMABLE = (
    "2025-11-25 basic/transports: an event id primes the client to reconnect for the rest of the stream. Streams "
    "of a call end with their worker's thread and cannot be taken up again, so none of them is primed."
)
_SESSIONS_ARE_NOT_KEPT = (
    "2025-11-25 basic/transports, Session Management 5: a server that does not let clients end sessions answers "
    "DELETE with 405. Ours are sealed values that no worker keeps, so there is nothing to end."
)

#: Checks that warn or are skipped, as (scenario, check), and why that is right.
EXPLAINED: dict[tuple[str, str], str] = {
    ("server-sse-polling", "server-sse-priming-event"): _NOT_RESUMABLE,
    ("server-sse-polling", "server-sse-retry-field"): _NOT_RESUMABLE,
    ("server-session-lifecycle", "server-session-delete-accepted"): _SESSIONS_ARE_NOT_KEPT,
    ("server-session-lifecycle", "server-session-terminated-returns-404"): _SESSIONS_ARE_NOT_KEPT,
}

#: Scenarios in which nothing succeeds beside the form of the messages, for the reasons above.
WITHOUT_SUCCESS = frozenset({"server-sse-polling"})

_ONE_REQUEST_AT_A_TIME = (
    "A worker that serves one request at a time cannot wait for what arrives with another one, so it neither "
    "offers changes nor asks on the stream of a call; 2026-07-28 asks without waiting."
)

#: What a sync worker does not offer: scenarios that must fail on it, and nothing else may.
REFUSED_BY_SYNC = frozenset(
    {
        "elicitation-sep1034-defaults",
        "elicitation-sep1330-enums",
        "resources-subscribe",
        "resources-unsubscribe",
        "tools-call-elicitation",
        "tools-call-sampling",
    }
)

#: Beside ``EXPLAINED``, on a sync worker.
EXPLAINED_ON_SYNC: dict[tuple[str, str], str] = {
    ("server-stateless", f"sep-2575-server-{check}"): _ONE_REQUEST_AT_A_TIME
    for check in (
        "sends-subscription-ack",
        "tags-subscription-id",
        "honors-notification-filter",
        "sends-prompts-list-changed-on-subscription",
        "sends-tools-list-changed-on-subscription",
    )
}
