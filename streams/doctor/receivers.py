"""Whether Alertmanager would notify anyone: named receivers without an integration silently deliver nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from streams.doctor.findings import DoctorFinding, ok, warn

_NAME = "receivers"
_RECEIVER = re.compile(r"^- name: (?P<name>.+)$", re.M)
_INTEGRATION = re.compile(r"^  \w+_configs:$", re.M)
_MEANT_EMPTY = "nobody"
"""The included receiver for alerts that are kept for the record only."""


def receivers_finding(status: str) -> DoctorFinding:
    """The finding on the receivers in Alertmanager's ``/api/v2/status``."""
    try:
        loaded = str(json.loads(status)["config"]["original"])
    except (ValueError, KeyError, TypeError):
        return warn(
            _NAME,
            "Alertmanager does not report its configuration",
            "check the version of Alertmanager: 0.22 or newer is needed",
        )
    empty = [name for name, integrations in _receivers(loaded) if not integrations and name != _MEANT_EMPTY]
    full = [name for name, integrations in _receivers(loaded) if integrations]
    remedy = "add an integration to each receiver in alertmanager.yml (deploy/alertmanager has one of each kind)"
    if not full:
        return warn(_NAME, "all receivers of Alertmanager are empty: no notification is sent", remedy)
    if empty:
        return warn(
            _NAME, f"these receivers send no notification, they have no integration: {', '.join(empty)}", remedy
        )
    return ok(_NAME, f"{', '.join(full)} have an integration")


def _receivers(loaded: str) -> Iterator[tuple[str, int]]:
    """Name and number of integrations of each receiver; ``loaded`` is YAML as Alertmanager itself writes it."""
    block = loaded.partition("\nreceivers:\n")[2]
    block = re.split(r"^\w", block, maxsplit=1, flags=re.M)[0]
    starts = list(_RECEIVER.finditer(block))
    for number, start in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(block)
        yield start["name"].strip("'\""), len(_INTEGRATION.findall(block, start.end(), end))
