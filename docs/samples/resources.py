from flask import Flask

from flask_mcp_auth0 import Auth0MCP, File

mcp = Auth0MCP()
RECIPES = {"soup": "Boil it.", "salad": "Wash it."}


@mcp.resource("kitchen://rules", title="Rules of the kitchen", mime_type="text/markdown")
def rules() -> str:
    """What everybody keeps to."""
    return "# Rules\n\n- Wash your hands."


def dishes(typed: str) -> list[str]:
    return [name for name in RECIPES if name.startswith(typed)]


@mcp.resource("kitchen://recipes/{dish}", completions={"dish": dishes})
def recipe(dish: str) -> str | None:
    """One recipe."""
    return RECIPES.get(dish)  # None: there is no such resource


@mcp.resource("kitchen://accounts", permission="accounts:read")
def accounts() -> File:
    """What was spent, as a table; only for users who hold accounts:read."""
    return File("kitchen://accounts", "what,cents\nsalt,99\n", "text/csv")


@mcp.prompt(title="Plan a dinner", completions={"dish": dishes})
def plan_dinner(dish: str, guests: int = 4) -> list[dict[str, str]]:
    """Plan a dinner around a dish.

    :param dish: What is to be cooked.
    :param guests: How many people come.
    """
    return [
        {"role": "user", "content": f"Plan a dinner for {guests} with {dish}: {RECIPES.get(dish, '?')}"},
        {"role": "assistant", "content": "What do your guests not eat?"},
    ]


@mcp.tool
def change_recipe(dish: str, text: str) -> str:
    """Change a recipe, and tell the clients that watch it."""
    RECIPES[dish] = text
    mcp.notify_resource_updated(f"kitchen://recipes/{dish}")
    return "Changed."


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
