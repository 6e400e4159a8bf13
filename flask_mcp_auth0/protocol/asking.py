"""Asking the user from a synchronous function, in both eras.

2026-07-28: the call ends with an ``InputRequiredResult``; the client calls again with the answers and a
sealed state, and the function runs again from the top (basic/patterns/mrtr).

2025 revisions: the question is a request on the call's own stream, and the thread waits for the answer,
which may be posted to any worker.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ToolError
from ..sealing import Sealer, SealError
from . import jsonrpc
from .answers import ANSWER_TIME, answer_queue, expect, forget
from .emitter import Emitter
from .errors import MISSING_REQUIRED_CLIENT_CAPABILITY, ProtocolError, invalid_params
from .questions import Answer, Question, UnusableAnswer
from .store import Store, StoreUnavailable
from .terms import Terms

_KEEP_ALIVE_SECONDS = 10.0
#: How often a question is put whose answer does not fit; some clients answer by themselves, and at once.
_TRIES = 3
_STATE = "request-state"
_MAX_STATE = 64 * 1024


class InputRequired(BaseException):
    """Ends a call that needs answers. Not an ``Exception``, so that no tool can catch it by accident."""

    def __init__(self, questions: Mapping[str, Question], settled: Mapping[str, tuple[str, Any]]) -> None:
        self.questions = questions
        #: fingerprint and response of every question that has its answer
        self.settled = settled
        super().__init__("input required")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a state is bound to: nobody else's, for no other function, with no other arguments."""

    caller: str
    method: str
    name: str
    arguments: Mapping[str, Any]

    def context(self) -> str:
        """Return the text that a state is sealed with."""
        digest = hashlib.sha256(jsonrpc.encode([self.method, self.name, self.arguments])).hexdigest()
        return f"{self.caller} {digest}"


@dataclass(slots=True)
class Retry:
    """The answers that a modern request brings: from earlier rounds (sealed) and from this one.

    :ivar settled: fingerprint and response of every question answered so far.
    :ivar asked: fingerprint of each question of the last round.
    """

    settled: dict[str, tuple[str, Any]] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    responses: Mapping[str, Any] = field(default_factory=dict)
    unsolicited: bool = False


class RequestStates:
    """Seals and opens request states. ``store`` remembers which were used, so that none is used twice.

    Safe to share between threads: it keeps nothing, and of two who bring the same state at once the store's
    atomic ``add`` lets one pass.
    """

    def __init__(self, sealer: Sealer, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._sealer = sealer
        self._store = store
        self._clock = clock

    @property
    def available(self) -> bool:
        """Whether states can be sealed at all."""
        return self._sealer.available

    def read(self, params: Mapping[str, Any], subject: Subject, *, unsolicited: bool) -> Retry:
        """Return what a request brings to a function that asks.

        :param unsolicited: whether answers are taken without a state.
        :raises ProtocolError: -32602 if the state is forged, foreign, expired or spent, or the answers are
            no object.
        """
        responses = params.get("inputResponses")
        if "inputResponses" in params and not isinstance(responses, Mapping):
            raise invalid_params("Invalid params: inputResponses must be an object")
        state = params.get("requestState")
        if state is None:
            return Retry(responses=responses or {}, unsolicited=True) if unsolicited else Retry()
        try:
            if not isinstance(state, str) or len(state) > _MAX_STATE:
                raise SealError("not a state")
            value = self._sealer.open(_STATE, state, context=subject.context())
        except SealError as error:
            raise invalid_params("Invalid params: requestState was not issued for this request") from error
        if not 0 <= self._clock() - value["t"] + 60 <= ANSWER_TIME + 60:
            raise invalid_params("Invalid params: requestState has expired; call again")
        try:
            unspent = self._store.add(f"spent:{value['j']}", 1, ANSWER_TIME + 120)
        except StoreUnavailable as error:
            raise ProtocolError(
                -32603, "The answer cannot be taken for now; try again later", status=503
            ) from error
        if not unspent:
            raise invalid_params("Invalid params: requestState has been used before; call again")
        return Retry(
            settled={key: (settled[0], settled[1]) for key, settled in value["s"].items()},
            asked=dict(value["q"]),
            responses=responses or {},
        )

    def seal(
        self, subject: Subject, settled: Mapping[str, tuple[str, Any]], questions: Mapping[str, Question]
    ) -> str:
        """Return the state to give to the client along with the questions."""
        value = {
            "s": {key: list(pair) for key, pair in settled.items()},
            "q": {key: question.fingerprint() for key, question in questions.items()},
            "t": int(self._clock()),
            "j": secrets.token_urlsafe(12),
        }
        return self._sealer.seal(_STATE, value, context=subject.context())


class AskingAgain:
    """2026-07-28: answers come with the request, or the call ends to fetch them."""

    def __init__(self, retry: Retry, terms: Terms, states: RequestStates) -> None:
        self._retry = retry
        self._terms = terms
        self._states = states
        # Answers of earlier rounds are carried on; they are found again by key and question.
        self._settled: dict[str, tuple[str, Any]] = dict(retry.settled)

    def ask(self, questions: Mapping[str, Question]) -> dict[str, Answer[Any]]:
        """Return the answers, or leave the call with the questions that have none yet."""
        if not self._states.available:
            raise ToolError(
                "This server cannot ask the user: it has no key for request states (MCP_SECRET_KEYS)."
            )
        answers: dict[str, Answer[Any]] = {}
        open_questions: dict[str, Question] = {}
        for key, question in questions.items():
            answer = self._answer(key, question)
            if answer is None:
                open_questions[key] = question
            else:
                answers[key] = answer
        if open_questions:
            require_support(open_questions, self._terms)
            raise InputRequired(open_questions, self._settled)
        return answers

    def _answer(self, key: str, question: Question) -> Answer[Any] | None:
        fingerprint = question.fingerprint()
        known = self._retry.settled.get(key)
        if known is not None and known[0] == fingerprint:
            response = known[1]
        elif key in self._retry.responses and (
            self._retry.unsolicited or self._retry.asked.get(key) == fingerprint
        ):
            response = self._retry.responses[key]
        else:
            return None
        try:
            answer = question.read(response)
        except UnusableAnswer:
            return None
        self._settled[key] = (fingerprint, response)
        return answer


class AskingOnStream:
    """Up to 2025-11-25: the question goes out on the call's stream and the thread waits for the answer."""

    def __init__(
        self,
        *,
        caller: str,
        terms: Terms,
        emitter: Emitter,
        store: Store,
        obstacle: str | None,
        cancelled: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._caller = caller
        self._terms = terms
        self._emitter = emitter
        self._store = store
        self._obstacle = obstacle
        self._cancelled = cancelled
        self._clock = clock

    def ask(self, questions: Mapping[str, Question]) -> dict[str, Answer[Any]]:
        """Ask one after the other and wait for each answer, at most :data:`ANSWER_TIME` seconds."""
        require_support(questions, self._terms)
        if self._obstacle is not None:
            raise ToolError(self._obstacle)
        if not self._emitter.can_stream:
            raise ToolError("This client takes no event stream, so its user cannot be asked.")
        with self._emitter.waiting() as may_wait:
            if not may_wait:
                raise ToolError("This server waits for as many answers as it can; try again later.")
            return {key: self._ask(question) for key, question in questions.items()}

    def _ask(self, question: Question) -> Answer[Any]:
        deadline = self._clock() + ANSWER_TIME
        for _ in range(_TRIES):
            response = self._exchange(question, deadline)
            if "error" in response:
                return Answer("cancel")
            try:
                return question.read(response.get("result"))
            except UnusableAnswer:
                continue
        raise ToolError("The answers did not fit the question.")

    def _exchange(self, question: Question, deadline: float) -> Mapping[str, Any]:
        request_id = secrets.token_urlsafe(16)
        queue = answer_queue(self._caller, request_id)
        expect(self._store, queue)
        self._emitter.send({"jsonrpc": "2.0", "id": request_id, **question.request()})
        try:
            while (left := deadline - self._clock()) > 0:
                response = self._store.pop(queue, min(left, _KEEP_ALIVE_SECONDS))
                if response is not None:
                    return dict(response)
                if not self._emitter.keep_alive() or self._cancelled():
                    raise ToolError("The user went away before answering.")
            raise ToolError("The user did not answer in time.")
        finally:
            forget(self._store, queue)


def require_support(questions: Mapping[str, Question], terms: Terms) -> None:
    """Make sure that the client can answer (basic/index ``_meta``; mrtr, Server Requirements 7).

    :raises ProtocolError: -32021 naming the capabilities that it did not declare.
    """
    missing = [question for question in questions.values() if not question.supported(terms)]
    if not missing:
        return
    required: dict[str, Any] = {}
    for question in missing:
        node = required
        for step in question.capability:
            node = node.setdefault(step, {})
    names = ", ".join(sorted({".".join(question.capability) for question in missing}))
    message = f"This needs a client that supports: {names}"
    if terms.modern:
        raise ProtocolError(
            MISSING_REQUIRED_CLIENT_CAPABILITY, message, data={"requiredCapabilities": required}, status=400
        )
    raise invalid_params(message, data={"requiredCapabilities": required})
