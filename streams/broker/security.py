"""How our clients authenticate to the broker, and the broker to them: one block of settings, for three clients.

Rules.
- A password is sent with TLS only, unless ``kafka.allow_insecure`` allows it without.
- TLS always checks the broker's certificate and its name. There is no setting to disable this.
- Wrong credentials and missing rights are errors in the settings: one line, exit code 2. Retrying does not help.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from streams.errors import ConfigError
from streams.settings.kafka_security import checked, has_tls
from streams.settings.model import KafkaSettings

_WHO: Final = "wrong user or password: check kafka.sasl_username, kafka.sasl_password"
REFUSALS: Final[Mapping[str, str]] = {
    # What kafka-python and aiokafka name the same, and what is to be fixed.
    "SaslAuthenticationFailedError": _WHO,
    "SaslAuthenticationFailed": _WHO,
    "AuthenticationFailedError": _WHO,
    "UnsupportedSaslMechanismError": "it does not offer this mechanism: check kafka.sasl_mechanism",
    "UnsupportedSaslMechanism": "it does not offer this mechanism: check kafka.sasl_mechanism",
    "IllegalSaslStateError": "it does not ask for a password on this port: check the port and kafka.security_protocol",
    "TopicAuthorizationFailedError": "this user lacks a right on a topic",
    "GroupAuthorizationFailedError": "this user may not read as this group",
    "GroupAuthorizationFailed": "this user may not read as this group",
    "ClusterAuthorizationFailedError": "this user lacks a right on the cluster",
    "ClusterAuthorizationFailed": "this user lacks a right on the cluster",
    "TransactionalIdAuthorizationFailedError": "this user may not write snapshots (a transactional id)",
    "TransactionalIdAuthorizationFailed": "this user may not write snapshots (a transactional id)",
    "DelegationTokenAuthorizationFailedError": "this user lacks a right",
}
_RIGHTS: Final = "; `wakewatch topics rights` lists what each command needs"
_SAID_MOST: Final = 160


def tls_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """For a connection with TLS; None for one without. Raises ConfigError if a file cannot be used."""
    if not has_tls(checked(kafka)):
        return None
    context = ssl.create_default_context(cafile=_file("kafka.tls_ca_file", kafka.tls_ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    own = _file("kafka.tls_certificate_file", kafka.tls_certificate_file)
    key = _file("kafka.tls_key_file", kafka.tls_key_file)
    if own is not None:
        try:
            context.load_cert_chain(own, key, lambda: kafka.tls_key_password)
        except (ssl.SSLError, OSError) as error:
            raise ConfigError(
                f"kafka.tls_certificate_file {own} with its key cannot be used ({_said(error)}): both must be PEM, "
                "the key must belong to it, and an encrypted key needs kafka.tls_key_password"
            ) from None
    return context


def _file(setting: str, path: str) -> str | None:
    """The path of a PEM file, None if none is set."""
    if not path:
        return None
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{setting} {path}: {(error.strerror or 'cannot be read').lower()}") from None
    if b"-----BEGIN" not in text:
        raise ConfigError(f"{setting} {path} is not a PEM file")
    return path


def kafka_options(kafka: KafkaSettings) -> dict[str, Any]:
    """Options for kafka-python and aiokafka, which use the same names. Raises ConfigError."""
    context = tls_context(kafka)
    options: dict[str, Any] = {"security_protocol": kafka.security_protocol, "ssl_context": context}
    if "SASL" in kafka.security_protocol:
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password,
        }
    return options


def refusal_of(error: BaseException | None) -> ConfigError | None:
    """The meaning of a rejection by the broker, from ``error`` and its causes; None for other errors."""
    seen = 0
    while error is not None and seen < len(REFUSALS):
        if isinstance(error, ConfigError):
            return error
        meaning = REFUSALS.get(type(error).__name__)
        if meaning is not None:
            rights = _RIGHTS if "Authorization" in type(error).__name__ else ""
            return ConfigError(f"Kafka rejects the connection: {meaning}{rights} ({_said(error)})")
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None


def tls_refusal(server: str, error: ssl.SSLError) -> ConfigError:
    """How to fix a connection that failed in TLS."""
    reason = (error.reason or "").replace("_", " ").lower() or _said(error)
    remedy = "check kafka.security_protocol"
    if isinstance(error, ssl.SSLCertVerificationError):
        reason, remedy = (
            error.verify_message,
            "check that kafka.tls_ca_file is the authority that signed its certificate",
        )
    elif "certificate" in reason or "unknown ca" in reason:
        remedy = "it does not accept our certificate: check kafka.tls_certificate_file and kafka.tls_key_file"
    elif "wrong version number" in reason or "eof" in reason:
        remedy = "it does not use TLS on this port: check the port and kafka.security_protocol"
    return ConfigError(f"Kafka at {server}: {reason}; {remedy}")


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _SAID_MOST else text[:_SAID_MOST] + "..."
