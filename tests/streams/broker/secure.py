"""A real Kafka behind TLS: one listener that asks for a password, one that asks for a certificate, and ACLs on both.

Certificates are made with ``cryptography``: PEM for Kafka and for us, in milliseconds. keytool would be a JVM for each
and keeps its private keys to itself; an openssl program need not be there.
"""

from __future__ import annotations

import datetime
import ipaddress
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from streams.broker import node
from streams.broker.acl import Grant
from streams.broker.clients import admin
from streams.broker.jars import class_path, java
from streams.broker.process import await_gone, launch, send, started
from streams.errors import ConfigError
from streams.settings.model import KafkaSettings
from tests.ops.programs import until

_DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates and writes them, key and certificate in one PEM file."""

    def __init__(self, home: Path, name: str) -> None:
        self._home, self._name = home, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = home / f"{name}.pem"
        self._own = self._signed(name, self._key.public_key(), authority=True)
        self.path.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, password: str = "") -> Path:
        """For the loopback, by address."""
        key = ec.generate_private_key(ec.SECP256R1())
        locked: Any = (
            serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        )
        parts = (
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked),
            self._signed(name, key.public_key(), authority=False).public_bytes(serialization.Encoding.PEM),
        )
        path = self._home / f"{self._name}-{name}.pem"
        path.write_bytes(b"".join(parts))
        return path

    def _signed(self, name: str, key: Any, *, authority: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        as_name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])  # noqa: E731
        address = x509.IPAddress(ipaddress.ip_address(node.HOST))
        return (
            x509.CertificateBuilder()
            .subject_name(as_name(name))
            .issuer_name(as_name(self._name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )


class SecureKafka:
    """The node. Its plain listener is for us alone: who comes in there may do everything."""

    def __init__(self, home: Path, authority: Authority) -> None:
        self._home, self._authority = home, authority
        plain, password, certificate, controller = ports = [node.free_port() for _ in range(4)]
        assert len(set(ports)) == len(ports)
        self.plain, self.password, self.certificate = (f"{node.HOST}:{port}" for port in ports[:3])
        base = node.command(java(), class_path(), home)
        node.configure(home, plain, controller)
        node.ensure_storage(base, home, plain, controller)
        kinds = {"PLAINTEXT": plain, "SASL_SSL": password, "SSL": certificate}
        outward = ",".join(f"{kind}://{node.HOST}:{port}" for kind, port in kinds.items())
        more = {
            "listeners": f"{outward},CONTROLLER://{node.HOST}:{controller}",
            "advertised.listeners": outward,
            "listener.security.protocol.map": ",".join(f"{kind}:{kind}" for kind in kinds) + ",CONTROLLER:PLAINTEXT",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(authority.issue("kafka")),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(authority.path),
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
            "listener.name.ssl.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
        }
        with (home / node.PROPERTIES).open("a") as properties:  # of two values Java takes the later
            properties.writelines(f"{key}={value}\n" for key, value in more.items())
        call = [*base, "kafka.Kafka", str(home / node.PROPERTIES)]
        self.pid = launch(call, home, home / "kafka.err", die_with_parent=True)
        self._started = started(self.pid)
        until(self._accepts, 180.0, f"Kafka with TLS (see {home / node.LOG})")
        self.admin = admin(KafkaSettings(bootstrap_servers=self.plain))

    def _accepts(self) -> bool:
        assert started(self.pid) == self._started, (self._home / node.LOG).read_text()[-3000:]
        return all(node._taken(int(where.rpartition(":")[2])) for where in (self.plain, self.password))

    def user(self, name: str, grants: Iterable[Grant] = ()) -> KafkaSettings:
        """A new user with these rights alone, and how it comes in: with a password."""
        from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

        password = secrets.token_hex(8)
        made = UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_512, password, iterations=4096)
        assert self.admin.alter_user_scram_credentials([made]) == {name: None}
        self.allow(name, grants)
        who = KafkaSettings(
            bootstrap_servers=self.password,
            security_protocol="SASL_SSL",
            sasl_username=name,
            sasl_password=password,
            tls_ca_file=str(self._authority.path),
        )
        until(lambda: _is_let_in(who), 20, f"{name} is known to the broker")
        return who

    def bearer(self, name: str, grants: Iterable[Grant] = ()) -> KafkaSettings:
        """The same with a certificate."""
        self.allow(name, grants)
        return KafkaSettings(
            bootstrap_servers=self.certificate,
            security_protocol="SSL",
            tls_ca_file=str(self._authority.path),
            tls_certificate_file=str(self._authority.issue(name)),
        )

    def allow(self, name: str, grants: Iterable[Grant]) -> None:
        """Adds rights, as ``kafka-acls.sh --add`` does."""
        acls = [_acl(name, grant) for grant in grants]
        if acls:
            assert not self.admin.create_acls(acls)["failed"]
            # What the controller has taken reaches the broker a moment later.
            until(lambda: len(self.admin.describe_acls(_all_of(name))[0]) >= len(acls), 20, f"the rights of {name}")

    def close(self) -> None:
        self.admin.close()
        send(self.pid, 15)
        await_gone(self.pid, self._started, 20)


def _is_let_in(who: KafkaSettings) -> bool:
    try:
        admin(who).close()
    except ConfigError:
        return False
    return True


def _all_of(name: str) -> Any:
    from kafka.admin import (
        ACLFilter,
        ACLOperation,
        ACLPermissionType,
        ACLResourcePatternType,
        ResourcePatternFilter,
        ResourceType,
    )

    everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(f"User:{name}", None, ACLOperation.ANY, ACLPermissionType.ANY, everything)


def _acl(name: str, grant: Grant) -> Any:
    from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType

    operation = {"DescribeConfigs": "DESCRIBE_CONFIGS"}.get(grant.operation, grant.operation.upper())
    pattern = ResourcePattern(
        ResourceType[grant.kind.upper().replace("-", "_")],
        grant.name,
        ACLResourcePatternType.PREFIXED if grant.prefixed else ACLResourcePatternType.LITERAL,
    )
    return ACL(f"User:{name}", "*", ACLOperation[operation], ACLPermissionType.ALLOW, pattern)
