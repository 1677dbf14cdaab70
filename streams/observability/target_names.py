"""The names of the notifier's targets, used for their groups, in metrics, and on the console's page."""

from __future__ import annotations

from typing import Final

from streams.settings.model import NotifySettings

ALERTMANAGER: Final = "alertmanager"
WEBHOOK: Final = "webhook"
APPRISE: Final = "apprise"
COT: Final = "cot"
NAMES: Final = (ALERTMANAGER, WEBHOOK, APPRISE, COT)


def named_targets(rules: NotifySettings) -> frozenset[str]:
    """The targets named in the settings."""
    given = {
        ALERTMANAGER: rules.alertmanager_url,
        WEBHOOK: rules.webhook_url,
        APPRISE: rules.apprise_urls,
        COT: rules.cot.url,
    }
    return frozenset(name for name, value in given.items() if value)
