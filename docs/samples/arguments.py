from datetime import date
from typing import Annotated, Any, Literal

from flask import Flask
from pydantic import BaseModel, Field

from flask_mcp_auth0 import Auth0MCP

mcp = Auth0MCP()


class Place(BaseModel):
    """What a tool returns as a model has a schema of its own, and reaches the client as JSON."""

    city: str
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]


@mcp.tool
def book(
    hotel: Annotated[str, Field(description="As search_hotels names it", max_length=80)],
    arrival: date,
    nights: Annotated[int, Field(ge=1, le=30)] = 1,
    board: Literal["none", "breakfast", "full"] = "none",
) -> str:
    """Book a room.

    :param arrival: the first night.
    """
    return f"{hotel}: {nights} from {arrival:%d %B}, board: {board}"


@mcp.tool
def where_is(hotel: str) -> Place:
    """Tell where a hotel is."""
    return Place(city=hotel.split()[-1], country="FR")


class All(BaseModel):
    kind: Literal["all"]
    of: list["Condition"]


class Any_(BaseModel):
    kind: Literal["any"]
    of: list["Condition"]


class Is(BaseModel):
    kind: Literal["is"]
    feature: str


Condition = Annotated[All | Any_ | Is, Field(discriminator="kind")]


@mcp.tool
def search_hotels(condition: Condition) -> list[str]:
    """Search for hotels."""
    features = {"Hotel Paris": {"pool", "garden"}, "Hotel Lyon": {"garden"}}
    return [hotel for hotel, has in features.items() if holds(condition, has)]


def holds(condition: All | Any_ | Is, has: set[str]) -> bool:
    if isinstance(condition, Is):
        return condition.feature in has
    both = all if isinstance(condition, All) else any
    return both(holds(one, has) for one in condition.of)


@mcp.tool(
    input_schema={
        "type": "object",
        "properties": {"from": {"type": "string"}, "to": {"type": "string"}},
        "required": ["from", "to"],
    }
)
def route(**arguments: Any) -> str:
    """Describe a route; no parameter of a function could be called "from"."""
    return f"{arguments['from']} to {arguments['to']}"


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
