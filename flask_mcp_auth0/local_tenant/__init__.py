"""An Auth0 of one's own on loopback: for the demo, for tests, for working offline. For nothing else."""

from __future__ import annotations
