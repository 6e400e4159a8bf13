"""The suite's tools and prompt that ask the user, the model or the client's roots, in both eras."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from mcp_types import PromptMessage, TextContent
from pydantic import BaseModel, Field, WithJsonSchema

from flask_mcp_auth0 import Answer, Call, Form, Roots, Sampling

from .extension import mcp


class Name(BaseModel):
    """The form that asks for a name."""

    name: str


class Reply(BaseModel):
    """The form that asks for two words."""

    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class Confirmation(BaseModel):
    """The form that asks for a yes."""

    ok: bool


class Colour(BaseModel):
    """The form that asks for a colour."""

    color: str


class Context(BaseModel):
    """The form that asks what a prompt is about."""

    context: str


class Defaults(BaseModel):
    """A field of each primitive type with a default (SEP-1034)."""

    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


_TITLED = [{"const": f"value{number}", "title": f"Option {number}"} for number in (1, 2, 3)]
_LEGACY = {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]}


class Choices(BaseModel):
    """Every way to write a choice (SEP-1330)."""

    untitledSingle: Literal["option1", "option2", "option3"]
    titledSingle: Annotated[str, WithJsonSchema({"type": "string", "oneOf": _TITLED})]
    legacyEnum: Annotated[str, WithJsonSchema(_LEGACY)]
    untitledMulti: list[Literal["option1", "option2", "option3"]]
    titledMulti: Annotated[list[str], WithJsonSchema({"type": "array", "items": {"anyOf": _TITLED}})]


def question(text: str) -> dict[str, Any]:
    """Return a message of the user's to a model."""
    return {"role": "user", "content": {"type": "text", "text": text}}


def sampled(answer: Answer[Any]) -> str:
    """Return what the client's model said."""
    return str(answer.data.content.text) if answer.data else "nothing"


def told(answer: Answer[Any]) -> str:
    """Return what the user did and filled in."""
    return f"action={answer.action}, content={answer.data.model_dump() if answer.data else {}}"


@mcp.tool(structured_output=False)
def test_sampling(prompt: str, call: Call) -> str:
    """Put a prompt to the client's model."""
    return f"LLM response: {sampled(call.sample('answer', [question(prompt)], max_tokens=100))}"


@mcp.tool(structured_output=False)
def test_elicitation(message: str, call: Call) -> str:
    """Put a message to the user."""
    return f"User response: {told(call.ask('reply', Reply, message))}"


@mcp.tool(structured_output=False)
def test_elicitation_sep1034_defaults(call: Call) -> str:
    """Ask with a default for every field."""
    return f"Elicitation completed: {told(call.ask('defaults', Defaults, 'Please review the values'))}"


@mcp.tool(structured_output=False)
def test_elicitation_sep1330_enums(call: Call) -> str:
    """Ask for choices of every form."""
    return f"Elicitation completed: {told(call.ask('choices', Choices, 'Please choose'))}"


@mcp.tool(structured_output=False)
def test_missing_capability(call: Call) -> str:
    """Need a client that can sample."""
    return sampled(call.sample("needed", [question("Are you there?")], max_tokens=10))


@mcp.tool(structured_output=False)
def test_streaming_elicitation(call: Call) -> str:
    """Ask the user after having reported progress."""
    call.progress(1, 2)
    return told(call.ask("confirm", Confirmation, "Go on?"))


@mcp.tool(structured_output=False, accepts_unsolicited_answers=True)
def test_input_required_result_elicitation(call: Call) -> str:
    """Ask for a name. The answer may come along with the first request."""
    answer = call.ask("user_name", Name, "What is your name?")
    return f"Hello, {answer.data.name}!" if answer.data else "Hello, stranger!"


@mcp.tool(structured_output=False)
def test_input_required_result_sampling(call: Call) -> str:
    """Ask the client's model for a capital."""
    return sampled(
        call.sample("capital_question", [question("What is the capital of France?")], max_tokens=100)
    )


@mcp.tool(structured_output=False)
def test_input_required_result_list_roots(call: Call) -> str:
    """Ask for the client's roots."""
    return ", ".join(str(root.uri) for root in call.list_roots("client_roots").data or ())


@mcp.tool(structured_output=False)
def test_input_required_result_request_state(call: Call) -> str:
    """Ask for a confirmation, with a state that has to come back."""
    return f"state-ok: {told(call.ask('confirm', Confirmation, 'Please confirm'))}"


@mcp.tool(structured_output=False)
def test_input_required_result_multiple_inputs(call: Call) -> str:
    """Ask three things at once."""
    answers = call.ask_all(
        {
            "user_name": Form("What is your name?", Name),
            "greeting": Sampling([question("Generate a greeting")], 50),
            "client_roots": Roots(),
        }
    )
    filled = answers["user_name"].data
    name = filled.name if filled else "stranger"
    return f"{sampled(answers['greeting'])}, {name} ({len(answers['client_roots'].data or ())} roots)"


@mcp.tool(structured_output=False)
def test_input_required_result_multi_round(call: Call) -> str:
    """Ask for a name, then for a colour."""
    name = call.ask("step1", Name, "Step 1: What is your name?")
    colour = call.ask("step2", Colour, "Step 2: What is your favorite color?")
    return f"{told(name)}; {told(colour)}"


@mcp.tool(structured_output=False)
def test_input_required_result_tampered_state(call: Call) -> str:
    """Ask for a confirmation whose state nobody may change."""
    return told(call.ask("confirm", Confirmation, "Please confirm"))


@mcp.tool(structured_output=False)
def test_input_required_result_capabilities(call: Call) -> str:
    """Ask only what the client said it can answer."""
    if "elicitation" in call.client_capabilities:
        return told(call.ask("user_name", Name, "What is your name?"))
    return sampled(
        call.sample("capital_question", [question("What is the capital of France?")], max_tokens=100)
    )


@mcp.prompt
def test_input_required_result_prompt(call: Call) -> list[PromptMessage]:
    """A prompt that asks what it is about."""
    answer = call.ask("user_context", Context, "What context should the prompt use?")
    text = answer.data.context if answer.data else "nothing"
    return [PromptMessage(role="user", content=TextContent(type="text", text=f"Think about {text}."))]
