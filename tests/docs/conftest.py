"""Samples as modules, as a reader would have them: files of their own, configured from the environment."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"


@pytest.fixture
def sample(auth0_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Load a sample by its name, with the settings of a local tenant in the environment."""
    assert "FLASK_AUTH0_DOMAIN" in auth0_environment

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"sample_{name}", SAMPLES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return load
