"""Flask-SQLAlchemy in a tool: the request's own session, removed after it, streamed or not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import StaticPool

from flask_mcp_auth0 import Call

from ..extension.conftest import Site


class Shop:
    """A site with a database in memory."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
        site.app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"poolclass": StaticPool}

        class Base(DeclarativeBase):
            pass

        self.db = db = SQLAlchemy(model_class=Base)
        self.seen: list[str] = []

        class Order(db.Model):  # type: ignore[name-defined,misc]
            id: Mapped[int] = mapped_column(primary_key=True)
            item: Mapped[str]

        @site.mcp.tool
        def add(item: str, keep: bool = True) -> int:
            db.session.add(Order(item=item))
            db.session.flush()
            if keep:
                db.session.commit()
            return db.session.query(Order).count()

        @site.mcp.tool
        def count(call: Call) -> int:
            call.progress(1)
            self.seen.append("tool")
            return db.session.query(Order).count()

        @site.mcp.tool
        def find(order: int) -> str:
            found: Order = db.get_or_404(Order, order)
            return found.item

        @site.mcp.tool
        def find_or_say(order: int) -> str:
            found: Order = db.get_or_404(Order, order, description=f"There is no order {order}.")
            return found.item

        site.start()
        db.init_app(site.app)
        with site.app.app_context():
            db.create_all()

    def count(self) -> str:
        return self.site.text("count")


@pytest.fixture
def shop(site: Site) -> Iterator[Shop]:
    shop = Shop(site)
    yield shop
    with site.app.app_context():
        shop.db.session.remove()
        shop.db.engine.dispose()


def test_a_tool_uses_the_session_of_its_request(shop: Shop) -> None:
    assert shop.site.call("add", {"item": "tea"})["structuredContent"] == {"result": 1}
    assert shop.count() == "1"


def test_what_a_tool_did_not_commit_is_rolled_back_after_its_request(shop: Shop) -> None:
    shop.site.call("add", {"item": "tea", "keep": False})
    assert shop.count() == "0"


@pytest.mark.parametrize("streamed", [False, True])
def test_the_session_is_removed_after_the_tool_has_run(shop: Shop, streamed: bool) -> None:
    def returned(*_: object) -> None:
        shop.seen.append("connection returned")

    with shop.site.app.app_context():
        event.listen(shop.db.engine, "checkin", returned)

    @shop.site.app.teardown_request
    def over(_error: BaseException | None) -> None:
        shop.seen.append("teardown")

    meta = {"_meta": {"progressToken": 1}} if streamed else {}
    response = shop.site.post("tools/call", {"name": "count", **meta})
    assert response.mimetype == ("text/event-stream" if streamed else "application/json")
    assert shop.seen == ["tool", "teardown", "connection returned"]


def test_a_stream_keeps_g_of_its_request(shop: Shop) -> None:
    @shop.site.app.before_request
    def note() -> None:
        g.noted = "noted"

    @shop.site.app.teardown_request
    def over(_error: BaseException | None) -> None:
        shop.seen.append(str(g.noted))

    shop.site.post("tools/call", {"name": "count", "_meta": {"progressToken": 1}})
    assert shop.seen == ["tool", "noted"]


def test_what_is_not_found_is_told_in_plain_words(shop: Shop) -> None:
    result = shop.site.call("find", {"order": 7})
    assert (result["isError"], result["content"][0]["text"]) == (True, "Not Found")
    assert shop.site.text("find_or_say", arguments={"order": 7}) == "Not Found: There is no order 7."
