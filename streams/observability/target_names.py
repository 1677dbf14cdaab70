"""The names of the notifier's targets: of their groups, in metrics, and on the console's page."""

from __future__ import annotations

from typing import Final

from streams.settings.model import NotifySettings

ALERTMANAGER: Final = "alertmanager"
WEBHOOK: Final = "webhook"
APPRISE: Final = "apprise"
NAMES: Final = (ALERTMANAGER, WEBHOOK, APPRISE)


def named_targets(rules: NotifySettings) -> frozenset[str]:
    """The targets that the settings name."""
    given = {ALERTMANAGER: rules.alertmanager_url, WEBHOOK: rules.webhook_url, APPRISE: rules.apprise_urls}
    return frozenset(name for name, value in given.items() if value)
