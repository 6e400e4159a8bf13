"""``flask mcp tools``: what is exposed, to whom, with which schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import click

from ..auth.requirement import Requirement
from ..protocol.bound import Bound, BoundTool
from ..settings import Settings
from .output import as_json, fail, load_state, note, plainly, table


@click.command("tools", short_help="List what the app exposes, to whom, with which schema.")
@click.argument("name", required=False)
@click.option("--json", "json_", is_flag=True, help="The definitions as clients get them.")
@plainly
def tools_command(name: str | None, json_: bool) -> None:
    """List the app's tools, resources and prompts; with NAME, show one with its schema.

    Nothing is asked of the tenant, which may protect further tools by a permission of their name.
    """
    state = load_state()
    bounds = list(state.registry)
    if name is not None:
        bounds = [bound for bound in bounds if bound.component.name == name]
        if not bounds:
            fail(f"There is nothing called {name!r}. See: flask mcp tools")
    if json_:
        shown = [_described(bound, state.settings) for bound in bounds]
        click.echo(as_json(shown[0] if name is not None and len(shown) == 1 else shown))
        return
    if not bounds:
        click.echo("The app exposes nothing: decorate a function with @mcp.tool.")
        return
    if name is None:
        rows = [
            (bound.component.kind, bound.component.name, arguments_of(bound), who_may(bound, state.settings))
            for bound in bounds
        ]
        click.echo(table(rows, ("KIND", "NAME", "ARGUMENTS", "WHO MAY")))
        if state.settings.protect == "tenant":
            note("A permission KIND:NAME on the API protects the others as well (AUTH0_PROTECT is tenant).")
        return
    for bound in bounds:
        _show(bound, state.settings)


commands: list[click.Command] = [tools_command]


def who_may(bound: Bound, settings: Settings) -> str:
    """Say in words who may use a component, as far as the app decides it."""
    requirement = cast(Requirement, bound.component.requirement)
    parts = []
    if requirement.protected:
        clauses = requirement.clauses(f"{bound.component.kind}:{bound.component.name}")
        parts.append("permission " + " and ".join(" or ".join(clause) for clause in clauses))
    if requirement.scopes:
        parts.append("scope " + " ".join(requirement.scopes))
    if requirement.conditions:
        parts.append(f"{len(requirement.conditions)} condition(s) of the app")
    if parts:
        return ", ".join(parts)
    if requirement.anonymous and settings.anonymous:
        return "everybody, without a token"
    return "everybody with a token"


def arguments_of(bound: Bound) -> str:
    """Name a component's arguments; optional ones in brackets."""
    if not isinstance(bound, BoundTool):
        definition = bound.definition
        prompt_arguments = definition.get("arguments") or ()
        return (
            " ".join(str(one.get("name")) for one in prompt_arguments)
            or str(definition.get("uriTemplate", ""))
            or str(definition.get("uri", "-"))
        )
    schema: Mapping[str, Any] = bound.parameters.schema
    required = schema.get("required") or ()
    names = [name if name in required else f"[{name}]" for name in schema.get("properties") or ()]
    return " ".join(names) or "-"


def _described(bound: Bound, settings: Settings) -> dict[str, Any]:
    return {"kind": bound.component.kind, "who_may": who_may(bound, settings), "definition": bound.definition}


def _show(bound: Bound, settings: Settings) -> None:
    definition = bound.definition
    rows = [
        ("name", bound.component.name),
        ("kind", bound.component.kind),
        ("who may", who_may(bound, settings)),
    ]
    for key in ("title", "description", "uri", "uriTemplate", "mimeType"):
        if definition.get(key):
            rows.append((key, str(definition[key])))
    rows.append(("written in", bound.component.place))
    click.echo(table(rows))
    for key in ("inputSchema", "outputSchema", "arguments", "annotations"):
        if definition.get(key):
            click.echo(f"\n{key}\n{as_json(definition[key])}")
