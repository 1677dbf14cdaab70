"""Links from notifications to the console's page: to the alert in its case, or to all that waits. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from streams.errors import ConfigError
from streams.notify.notices import Notice

LINK: Final = "console"
"""The annotation that has the link."""
_WAITING: Final = "status=waiting"


def address_of(url: str) -> str:
    """The console's public address with a slash at its end; empty for none. Raises ConfigError."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.username or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ConfigError(
            f"notify.console_url: {url!r} must be http://HOST[:PORT][/PATH] or https://..., as a phone reaches the page"
        )
    return url.rstrip("/") + "/"


def link_to(address: str, labels: dict[str, str]) -> str:
    """The alert of these labels in its case; without one, the list of what waits for an answer."""
    case_id, alert_id = labels.get("case_id", ""), labels.get("alert_id", "")
    if not case_id:
        return f"{address}#{_WAITING}"
    alert = f"&alert={quote(alert_id, safe='')}" if alert_id else ""
    return f"{address}#case={quote(case_id, safe='/')}{alert}"


def linked(notice: Notice, address: str) -> Notice:
    """The notice with a link, for Alertmanager as its source too; the same without an address."""
    if not address:
        return notice
    link = link_to(address, notice.labels)
    annotations = {**notice.annotations, LINK: link}
    return msgspec.structs.replace(notice, annotations=annotations, generator_url=link)
