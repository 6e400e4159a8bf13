"""The official Python client, in both eras, against every kind of server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from .conftest import Served

# The client warns about what 2026-07-28 deprecates; earlier revisions have nothing else.
pytestmark = [pytest.mark.wire, pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")]

ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}


@pytest.fixture(params=sorted(ERAS))
def mode(request: pytest.FixtureRequest) -> str:
    """How the client negotiates."""
    value: str = request.param
    return value


FILLED: dict[str, Any] = {
    "name": "Ada",
    "username": "yes",
    "email": "ada@example.com",
    "color": "blue",
    "ok": True,
    "context": "ships",
}


async def _fill_in(context: Any, params: Any) -> types.ElicitResult:
    properties = params.requested_schema["properties"]
    filled = {name: FILLED[name] for name in properties}
    return types.ElicitResult(action="accept", content=filled)


async def _sample(context: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
    return types.CreateMessageResult(
        role="assistant",
        content=types.TextContent(type="text", text="Paris"),
        model="m",
        stop_reason="endTurn",
    )


async def _roots(context: Any) -> types.ListRootsResult:
    return types.ListRootsResult(roots=[types.Root.model_validate({"uri": "file:///srv/data"})])


@asynccontextmanager
async def connected(served: Served, mode: str, **options: Any) -> AsyncIterator[Client]:
    """Connect with a token of Ada's and everything that a client can be asked."""
    headers = {"Authorization": f"Bearer {served.token()}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30, trust_env=False) as http,
        Client(
            streamable_http_client(served.url, http_client=http),
            mode=mode,
            elicitation_callback=_fill_in,
            sampling_callback=_sample,
            list_roots_callback=_roots,
            **options,
        ) as client,
    ):
        yield client


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario to its end, or to its time limit."""
    asyncio.run(asyncio.wait_for(scenario(), 60))


def text(result: types.CallToolResult) -> str:
    """Return the text of a result's first block."""
    block = result.content[0]
    assert isinstance(block, types.TextContent)
    return block.text


def test_it_negotiates_the_newest_revision_of_its_era(served: Served, mode: str) -> None:
    async def scenario() -> None:
        async with connected(served, mode) as client:
            assert client.protocol_version == ERAS[mode]
            assert client.server_info is not None
            assert client.server_info.name
            assert client.server_capabilities.tools is not None

    run(scenario)


def test_it_lists_and_calls_tools(served: Served, mode: str) -> None:
    async def scenario() -> None:
        async with connected(served, mode) as client:
            tools = (await client.list_tools()).tools
            simple = await client.call_tool("test_simple_text")
            who = await client.call_tool("ours_whoami")
            wrong = await client.call_tool("test_error_handling")

            assert {tool.name for tool in tools} >= {"test_simple_text", "ours_whoami"}
            assert text(simple) == "This is a simple text response for testing."
            assert who.structured_content is not None
            assert who.structured_content["sub"] == "auth0|ada"
            assert wrong.is_error is True
            with pytest.raises(MCPError):
                await client.call_tool("there_is_none")

    run(scenario)


def test_it_mirrors_arguments_in_headers(served: Served, mode: str) -> None:
    async def scenario() -> None:
        async with connected(served, mode) as client:
            await client.list_tools()
            counted = await client.call_tool("ours_int_header", {"count": 7})
            region = await client.call_tool("test_x_mcp_header", {"region": "Łódź"})

            assert text(counted) == "count=7"
            assert text(region) == "region=Łódź"

    run(scenario)


def test_it_reads_resources(served: Served, mode: str) -> None:
    async def scenario() -> None:
        async with connected(served, mode) as client:
            listed = (await client.list_resources()).resources
            templates = (await client.list_resource_templates()).resource_templates
            static = (await client.read_resource("test://static-text")).contents[0]
            binary = (await client.read_resource("test://static-binary")).contents[0]
            made = (await client.read_resource("test://template/123/data")).contents[0]

            assert "test://static-text" in {str(one.uri) for one in listed}
            assert [one.uri_template for one in templates] == ["test://template/{id}/data"]
            assert isinstance(static, types.TextResourceContents)
            assert static.text == "This is the content of the static text resource."
            assert isinstance(binary, types.BlobResourceContents)
            assert isinstance(made, types.TextResourceContents)
            assert "123" in made.text
            with pytest.raises(MCPError):
                await client.read_resource("test://there-is-none")

    run(scenario)


def test_it_gets_prompts_and_completes_their_arguments(served: Served, mode: str) -> None:
    async def scenario() -> None:
        async with connected(served, mode) as client:
            prompts = (await client.list_prompts()).prompts
            name = "test_prompt_with_arguments"
            prompt = await client.get_prompt(name, {"arg1": "x", "arg2": "y"})
            ref = types.PromptReference(type="ref/prompt", name=name)
            completed = await client.complete(ref, {"name": "arg1", "value": "test"})

            assert name in {one.name for one in prompts}
            assert isinstance(prompt.messages[0].content, types.TextContent)
            assert "arg1='x', arg2='y'" in prompt.messages[0].content.text
            assert completed.completion.values == ["test", "testing", "tested"]

    run(scenario)


def test_it_sees_progress_and_logs(served: Served, mode: str) -> None:
    async def scenario() -> None:
        seen: list[float] = []
        logged: list[Any] = []

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            seen.append(progress)

        async def on_log(params: types.LoggingMessageNotificationParams) -> None:
            logged.append(params.data)

        async with connected(served, mode, logging_callback=on_log, log_level="info") as client:
            if mode == "legacy":
                await client.set_logging_level("info")
            await client.call_tool("test_tool_with_progress", progress_callback=on_progress)
            await client.call_tool("test_tool_with_logging")

        assert seen == [0, 50, 100]
        assert logged[0] == "Tool execution started"
        assert len(logged) == 3

    run(scenario)


def test_a_call_that_it_cancels_is_cancelled_at_the_server(served: Served, mode: str) -> None:
    if mode == "legacy" and served.kind.one_at_a_time:
        pytest.skip("the cancellation waits behind the call that it is for")

    async def scenario() -> None:
        async with connected(served, mode) as client, connected(served, "auto") as observer:

            async def count() -> int:
                contents = (await observer.read_resource("ours://cancelled", cache_mode="bypass")).contents[0]
                assert isinstance(contents, types.TextResourceContents)
                return int(contents.text)

            before = await count()
            started = asyncio.Event()

            async def on_progress(progress: float, total: float | None, message: str | None) -> None:
                started.set()

            call = asyncio.create_task(
                client.call_tool("ours_slow", {"seconds": 30}, progress_callback=on_progress)
            )
            await started.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            async with asyncio.timeout(20):
                while await count() == before:
                    pass

    run(scenario)


def test_its_user_is_asked(served: Served, mode: str) -> None:
    async def scenario() -> None:
        async with connected(served, mode) as client:
            answered = await client.call_tool("test_elicitation", {"message": "Well?"})
            if mode == "legacy" and served.kind.one_at_a_time:
                assert answered.is_error is True
                assert "one request at a time" in text(answered)
                return
            rounds = await client.call_tool("test_input_required_result_multi_round")
            several = await client.call_tool("test_input_required_result_multiple_inputs")
            prompt = await client.get_prompt("test_input_required_result_prompt")

            assert "yes" in text(answered)
            assert "blue" in text(rounds)
            assert text(several) == "Paris, Ada (1 roots)"
            assert isinstance(prompt.messages[0].content, types.TextContent)
            assert prompt.messages[0].content.text == "Think about ships."

    run(scenario)


def test_it_hears_of_changes(served: Served) -> None:
    if served.kind.one_at_a_time:
        pytest.skip("a worker that serves one request at a time holds no streams")

    async def scenario() -> None:
        async with connected(served, "auto") as client:
            watched = "test://watched-resource"
            async with client.listen(tools_list_changed=True, resource_subscriptions=[watched]) as changes:
                await client.call_tool("ours_touch", {"uri": watched})
                first = await anext(aiter(changes))
                await client.call_tool("test_trigger_tool_change")
                second = await anext(aiter(changes))

            assert "esource" in type(first).__name__
            assert "ool" in type(second).__name__

    run(scenario)


def test_it_hears_of_changes_on_the_stream_of_an_earlier_revision(served: Served) -> None:
    if served.kind.one_at_a_time:
        pytest.skip("a worker that serves one request at a time holds no streams")

    async def scenario() -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()

        async def on_message(message: Any) -> None:
            heard.put_nowait(type(message).__name__)

        async with connected(served, "legacy", message_handler=on_message) as client:
            watched = "test://watched-resource"
            await client.subscribe_resource(watched)
            async with asyncio.timeout(30):
                # The client opens its stream whenever it likes after the handshake.
                while heard.empty():
                    await client.call_tool("ours_touch", {"uri": watched})

            assert "ResourceUpdated" in await heard.get()

    run(scenario)
