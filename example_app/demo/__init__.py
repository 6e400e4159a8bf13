"""``make demo``: a tenant, the app, and a client that logs two people in, told step by step.

Everything in it is real: gunicorn, HTTP, the official MCP client, the tenant's own login form. A step that
does not go as told ends the demo with exit code 1.
"""
