from flask import Flask, abort, g, jsonify
from flask.typing import ResponseReturnValue

from flask_mcp_auth0 import Auth0MCP, ToolError, get_auth_info

mcp = Auth0MCP()
STOCK = {"tea": 12, "salt": 0}


class NoSuchProduct(Exception):
    pass


def stock_of(product: str) -> int:
    """The rule itself: knows nothing of HTTP, nothing of MCP."""
    if product not in STOCK:
        raise NoSuchProduct(product)
    return STOCK[product]


@mcp.tool
def stock(product: str) -> int:
    """Say how many of a product are left."""
    try:
        return stock_of(product)
    except NoSuchProduct:
        raise ToolError(f"There is no product called {product!r}.") from None


@mcp.tool
def whose_basket() -> str:
    """Say whose basket this session works on."""
    return str(g.customer)


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)

    @app.before_request
    def load_customer() -> None:
        try:
            g.customer = get_auth_info().user.sub  # a request to the MCP endpoint
        except RuntimeError:
            g.customer = "a visitor of the website"

    @app.get("/stock/<product>")
    def stock_page(product: str) -> ResponseReturnValue:
        try:
            return jsonify(product=product, left=stock_of(product))
        except NoSuchProduct:
            abort(404)

    return app
