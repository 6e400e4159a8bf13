"""The apps that are measured side by side. Each answers the same call with the same words."""
