"""Whether the optional part of wakewatch that matching needs is installed."""

from __future__ import annotations

from importlib.util import find_spec

from streams.errors import ConfigError


def require_scipy() -> None:
    """For a process to call before it begins. Raises ConfigError."""
    if find_spec("scipy") is None:
        raise ConfigError("matching images with vessels needs scipy: pip install 'wakewatch[imagery]'")
