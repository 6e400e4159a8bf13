"""``flask mcp doctor``: every check, one after another, whatever becomes of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from ..errors import AuthorizationUnavailable
from . import checks_api, checks_app, checks_credentials, checks_server, checks_sharing, checks_tenant
from .cures import grant_scopes
from .examination import Examination
from .findings import Check, Finding, Outcome, skipped
from .management import ManagementProblem, MissingScope, NoCredentials, NotFound, WrongCredentials

#: In the order in which they run: what others stand on comes first.
CHECKS: tuple[Check, ...] = (
    *checks_app.checks[:1],
    *checks_server.checks,
    *checks_app.checks[1:],
    *checks_sharing.checks,
    *checks_credentials.checks,
    *checks_tenant.checks,
    *checks_api.checks,
)


def selected(only: Collection[str] = ()) -> list[Check]:
    """Return the checks of some ids and groups; all of them, if none is named."""
    return [check for check in CHECKS if not only or check.id in only or check.group in only]


def examine(
    examined: Examination,
    only: Collection[str] = (),
    before: Callable[[Check], None] = lambda _: None,
) -> Iterator[Finding]:
    """Run the checks and yield what each found.

    :param only: ids or groups of checks; empty for all.
    :param before: is told of each check before it runs.
    """
    for check in selected(only):
        before(check)
        outcome = _outcome(check, examined)
        yield Finding(
            check.id,
            check.title,
            check.group,
            outcome.status,
            outcome.reason,
            outcome.cure,
            check.explains,
            outcome.incomplete,
        )


def _outcome(check: Check, examined: Examination) -> Outcome:
    try:
        return check.run(examined)
    except MissingScope as error:
        return skipped(f"needs the scope {error.scope}", incomplete=True, cure=grant_scopes(error.scope))
    except NoCredentials:
        return skipped("needs credentials (see M1)", incomplete=True)
    except WrongCredentials:
        return skipped("needs credentials that work (see M1)", incomplete=True)
    except NotFound as error:
        if check.group == "api":
            return skipped("there is no API (see A1)", incomplete=True)
        return skipped(error.reason, incomplete=True)
    except ManagementProblem as error:
        return skipped(error.reason, incomplete=True)
    except AuthorizationUnavailable:
        return skipped("the tenant does not answer (see D1)", incomplete=True)
    except Exception as error:
        # A check must never take the others down, and what an exception holds may be secret.
        return skipped(f"the check itself failed ({type(error).__name__})", incomplete=True)
