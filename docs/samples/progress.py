from collections.abc import Generator

from flask import Flask

from flask_mcp_auth0 import Auth0MCP, Call, current_call

mcp = Auth0MCP()
FILES = ["a.csv", "b.csv", "c.csv"]


@mcp.tool
def import_files(call: Call) -> str:
    """Import the files that wait."""
    done = 0
    for name in FILES:
        if call.cancelled:
            return f"Stopped after {done} files."
        done += 1
        call.progress(done, len(FILES), f"imported {name}")
    call.log("info", {"imported": done})
    return f"Imported {done} files."


@mcp.tool
def rebuild_index() -> Generator[tuple[int, int], None, int]:
    """Rebuild the search index. What is yielded is progress, what is returned is the result."""
    for step in range(1, 4):
        yield step, 3
    return len(FILES)


@mcp.tool
def clear_cache() -> str:
    """Clear the cache."""
    empty_everything()
    return "Cleared."


def empty_everything() -> None:
    """Called from deep inside, without a parameter for the call."""
    current_call.progress(1, 1, "emptied")


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
