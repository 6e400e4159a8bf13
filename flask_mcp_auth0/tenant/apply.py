"""Carrying a plan out, one step after the other, and saying how far it came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .examination import Examination
from .management import ManagementProblem
from .steps import Plan, Step


@dataclass(frozen=True, slots=True)
class Applied:
    """How far a plan came.

    :param failed: the step that did not work; ``None`` if all did.
    :param reason: why.
    :param left: the steps that were not tried.
    """

    done: tuple[Step, ...]
    failed: Step | None = None
    reason: str = ""
    left: tuple[Step, ...] = ()


def apply(plan: Plan, examined: Examination, said: Callable[[Step], None] = lambda _: None) -> Applied:
    """Make the changes, and stop at the first that fails: later ones may stand on it.

    :param said: is told of each step that was done.
    """
    done: list[Step] = []
    for index, step in enumerate(plan.steps):
        try:
            step.write(examined)
        except ManagementProblem as error:
            return Applied(tuple(done), step, error.reason, plan.steps[index + 1 :])
        done.append(step)
        said(step)
    examined.forget()
    return Applied(tuple(done))
