"""The names of the notifier's targets: of their groups, in metrics, and on the console's page."""

from __future__ import annotations

from typing import Final

ALERTMANAGER: Final = "alertmanager"
WEBHOOK: Final = "webhook"
APPRISE: Final = "apprise"
NAMES: Final = (ALERTMANAGER, WEBHOOK, APPRISE)
