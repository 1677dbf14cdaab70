"""Checks which settings of the connection to Kafka go together."""

from __future__ import annotations

from streams.errors import ConfigError
from streams.settings.model import KafkaSettings


def checked(kafka: KafkaSettings) -> KafkaSettings:
    """The settings, if they go together. Raises ConfigError, one line."""
    sasl, tls = "SASL" in kafka.security_protocol, has_tls(kafka)
    if sasl and not (kafka.sasl_username and kafka.sasl_password):
        raise ConfigError(
            f"kafka.security_protocol is {kafka.security_protocol}: set kafka.sasl_username and, "
            "as a file, WAKEWATCH_KAFKA_SASL_PASSWORD_FILE"
        )
    if sasl and not tls and not kafka.allow_insecure:
        raise ConfigError(
            "kafka.security_protocol SASL_PLAINTEXT sends the password unencrypted: use SASL_SSL, "
            "or allow it with kafka.allow_insecure = true"
        )
    if not sasl and (kafka.sasl_username or kafka.sasl_password):
        raise ConfigError(
            f"kafka.sasl_username is set, and kafka.security_protocol is {kafka.security_protocol}: "
            "the user name would not be used; set SASL_SSL"
        )
    if not tls and (kafka.tls_ca_file or kafka.tls_certificate_file):
        raise ConfigError(
            f"kafka.tls_* is set, and kafka.security_protocol is {kafka.security_protocol}: nothing "
            "would be encrypted; set SSL or SASL_SSL"
        )
    return kafka


def has_tls(kafka: KafkaSettings) -> bool:
    """Whether the connection is encrypted."""
    return kafka.security_protocol in {"SSL", "SASL_SSL"}
