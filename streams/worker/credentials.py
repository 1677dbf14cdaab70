"""Faust's credentials, with a check against one trap."""

from __future__ import annotations

from typing import Any

import faust

from streams.broker.security import tls_context
from streams.errors import ConfigError
from streams.settings.model import KafkaSettings


def credentials_of(kafka: KafkaSettings) -> Any:
    """The value of ``broker_credentials``; None for a plain connection. Raises ConfigError.

    ``faust.SASLCredentials`` without an ``ssl_context`` silently means SASL_PLAINTEXT, and it takes no protocol as a
    check. So the resulting protocol is compared with the configured one.
    """
    context, protocol = tls_context(kafka), kafka.security_protocol
    if protocol == "PLAINTEXT":
        return None
    made = (
        faust.SSLCredentials(context)
        if protocol == "SSL"
        else faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.sasl_password,
            ssl_context=context,
            mechanism=kafka.sasl_mechanism,
        )
    )
    if made.protocol.value != protocol:
        raise ConfigError(f"kafka.security_protocol is {protocol}, but Faust would use {made.protocol.value}")
    return made
