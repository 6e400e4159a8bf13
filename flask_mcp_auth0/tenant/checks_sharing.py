"""The check of what workers share: where it is kept, whether it answers, and whether it keeps what it is given."""

from __future__ import annotations

from ..auth.cache import cache_key
from ..auth.cache_of_app import own_cache_of
from ..protocol.store import Store, StoreUnavailable
from .examination import Examination
from .findings import Checks, Cure, Outcome, failure, ok, skipped, warning

checks = Checks("app")

_OF_THE_PROCESS = "memory of the process"
_IN_PROCESS = (_OF_THE_PROCESS, "SimpleCache")
#: Seconds for which the cache and the store keep what is written to try them.
_TRIAL = 5.0


@checks.add(
    "S6",
    "What workers share",
    "look-ups multiply with the workers; answers and notifications get lost; 503 while the store is down or full",
)
def shared(examined: Examination) -> Outcome:
    cache, store = _cache_of(examined), examined.app_state.store
    return (
        _trial_of_store(store)
        or _trial_of_cache(examined, cache)
        or _enough_for(examined.workers, cache, store)
    )


def _trial_of_store(store: Store) -> Outcome | None:
    """Return what is wrong with the store itself."""
    if not store.shared:
        return None
    try:
        store.set("doctor", True, _TRIAL)
    except StoreUnavailable as error:
        return failure(
            f"{error}: what needs it is answered 503",
            Cure("check MCP_STORE_URL, that the server runs, and that it has room (maxmemory)"),
        )
    try:
        if not store.may_evict():
            return None
    except StoreUnavailable as error:
        return skipped(f"whether the store may evict cannot be told: {error}", incomplete=True)
    return warning(
        "the store may evict, so an approval or a DPoP proof that was spent could be used again",
        Cure("set maxmemory-policy noeviction at the server of MCP_STORE_URL; give the cache one of its own"),
    )


def _trial_of_cache(examined: Examination, name: str) -> Outcome | None:
    """Return what is wrong with the cache itself."""
    cache, key = examined.app_state.cache, cache_key("doctor")
    if not cache.set(key, True, _TRIAL):
        what = "does not take what is written to it"
    elif cache.get(key) is None:
        what = "does not return what was written to it"
    else:
        return None
    return warning(
        f"the cache ({name}) {what}, so Auth0 is asked at every protected call",
        Cure("check Flask-Caching's settings (CACHE_REDIS_URL), that the server runs, and that it has room"),
    )


def _enough_for(workers: int | None, cache: str, store: Store) -> Outcome:
    text = f"look-ups in {cache}, store {'shared' if store.shared else 'in the process'}"
    if workers is None or workers < 2:
        return ok(f"{text}; enough for one worker (--workers tells of more)")
    lacking = []
    if cache in _IN_PROCESS:
        lacking.append("CACHE_TYPE (a Flask-Caching Cache with RedisCache)")
    if not store.shared:
        lacking.append("MCP_STORE_URL (redis://…)")
    if not lacking:
        return ok(text)
    return warning(f"{text}, but there are {workers} workers", Cure(f"set {' and '.join(lacking)}"))


def _cache_of(examined: Examination) -> str:
    own = own_cache_of(examined.app_state.app)
    return type(own).__name__ if own is not None else _OF_THE_PROCESS
