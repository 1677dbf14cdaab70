"""TLS of connections that sources make. The other side is always verified."""

from __future__ import annotations

import ssl

from streams.errors import ConfigError


def client_context(ca_file: str) -> ssl.SSLContext:
    """Trusts the system's authorities, and those in ``ca_file`` (PEM; empty: none). Raises ConfigError."""
    context = ssl.create_default_context()
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"ingest.tls_ca_file = {ca_file!r}: {reason}; name a PEM file of certificates") from error
    return context
