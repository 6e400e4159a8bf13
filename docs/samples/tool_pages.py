from flask import Flask, render_template_string

from flask_mcp_auth0 import Auth0MCP, Call

mcp = Auth0MCP()
PAGE = """<!doctype html>
<title>Sales</title>
<h1>Sales of {{ year }}</h1>
<p id="total">…</p>
<script>
  const send = (message) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  addEventListener("message", ({ source, data }) => {
    if (source !== parent) return;
    if (data.id === 1) send({ method: "ui/notifications/initialized" });
    if (data.method === "ui/notifications/tool-result")
      document.getElementById("total").textContent = data.params.structuredContent.total;
  });
  send({ id: 1, method: "ui/initialize", params: {
    appInfo: { name: "sales", version: "1" }, appCapabilities: {}, protocolVersion: "2026-01-26" } });
</script>
"""


@mcp.resource("ui://sales", title="Sales")
def sales_page() -> str:
    """The page that shows the sales."""
    return render_template_string(PAGE, year=2026)


@mcp.tool(meta={"ui": {"resourceUri": "ui://sales"}})
def sales(call: Call) -> dict[str, int | str]:
    """Show the sales of this year."""
    total = 92_050
    if call.shows_pages:
        return {"total": total}
    return {"total": total, "text": "Sales of 2026 so far, in cents"}


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    mcp.init_app(app)
    return app
