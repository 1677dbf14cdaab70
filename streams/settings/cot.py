"""Settings of Cursor on Target, the messages of TAK, and which of them go together."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from streams.errors import ConfigError
from streams.settings.discreet import Discreet

CotKind = Literal["udp", "tcp", "tls"]
_FORM: Final = "must be udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT"


class CotSettings(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where alerts go as Cursor on Target."""

    url: Annotated[
        str,
        Meta(
            description="TAK server, or group of a TAK network, that receives alerts: udp://, tcp:// or tls://HOST:PORT"
        ),
    ] = ""
    severities: Annotated[
        tuple[Literal["page", "ticket"], ...], Meta(description="Severities sent as Cursor on Target")
    ] = ("page", "ticket")
    stale_s: Annotated[
        float,
        Meta(
            ge=10,
            le=86_400,
            description="How long a TAK map shows an alert that is not sent again, s; more than notify.resend_every_s",
        ),
    ] = 300.0
    ca_file: Annotated[
        str, Meta(description="PEM file of authorities that may sign the TAK server's certificate; empty: the system's")
    ] = ""
    certificate_file: Annotated[str, Meta(description="PEM file of our own certificate for the TAK server")] = ""
    key_file: Annotated[str, Meta(description="PEM file of its private key; empty: it is in the same file")] = ""
    key_password: Annotated[str, Meta(description="Password of the private key; preferably given as a file")] = ""
    server_name: Annotated[str, Meta(description="Name in the TAK server's certificate; empty: the host of url")] = ""


class CotAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where Cursor on Target goes."""

    kind: CotKind
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"


def cot_address(rules: CotSettings) -> CotAddress | None:
    """The address in the settings; None: there is none. Raises ConfigError."""
    if not rules.url:
        return None
    shown = "the address" if "@" in rules.url else repr(rules.url)  # it may hold a password
    try:
        parts = urlsplit(rules.url)
        port = parts.port
    except ValueError:
        raise ConfigError(f"notify.cot.url: {shown} {_FORM}") from None
    kind = next((one for one in get_args(CotKind) if one == parts.scheme), None)
    rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
    if kind is None or not parts.hostname or not port or rest:
        raise ConfigError(f"notify.cot.url: {shown} {_FORM}, without anything else")
    return CotAddress(kind=kind, host=parts.hostname, port=port)


def check_cot(rules: CotSettings, resend_every_s: float) -> None:
    """Raises ConfigError, one line, if these settings of ``notify`` do not go together."""
    address = cot_address(rules)
    files = rules.ca_file or rules.certificate_file or rules.key_file or rules.server_name
    if files and (address is None or address.kind != "tls"):
        raise ConfigError("notify.cot.* names certificates, and notify.cot.url is not tls://: set tls://HOST:PORT")
    if (rules.key_file or rules.key_password) and not rules.certificate_file:
        raise ConfigError("notify.cot.key_file needs notify.cot.certificate_file: set it, or leave out the key")
    if address is not None and rules.stale_s <= resend_every_s:
        raise ConfigError(
            f"notify.cot.stale_s {rules.stale_s:g} is not more than notify.resend_every_s {resend_every_s:g}: open "
            "alerts would disappear from the TAK map in between; set at least twice as much"
        )
