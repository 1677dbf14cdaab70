"""What connections to any Kafka have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from streams.settings.discreet import Discreet


class KafkaSecurity(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How connections to a Kafka are secured."""

    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"],
        Meta(description="Security of connections to Kafka; SSL with our own certificate is mutual TLS"),
    ] = "PLAINTEXT"
    sasl_mechanism: Annotated[
        Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"], Meta(description="Authentication mechanism")
    ] = "SCRAM-SHA-512"
    sasl_username: Annotated[str, Meta(description="User name of this process at Kafka")] = ""
    sasl_password: Annotated[str, Meta(description="Password of that user; preferably given as a file")] = ""
    tls_ca_file: Annotated[
        str,
        Meta(description="PEM file of the authority that signed the broker's certificate; empty: those of the system"),
    ] = ""
    tls_certificate_file: Annotated[str, Meta(description="PEM file of our own certificate, for mutual TLS")] = ""
    tls_key_file: Annotated[str, Meta(description="PEM file of its private key; empty: it is in the same file")] = ""
    tls_key_password: Annotated[str, Meta(description="Password of the private key; preferably given as a file")] = ""
    allow_insecure: Annotated[
        bool, Meta(description="Allow a password on a connection without TLS (SASL_PLAINTEXT)")
    ] = False
