"""Which settings are secret, and a table of settings that does not show its secrets."""

from __future__ import annotations

from typing import Final

import msgspec

SECRET_ENDINGS: Final = ("secret", "password", "_key", "apprise_urls")
"""A setting with such a name is never shown, no matter how it was given."""


class Discreet(msgspec.Struct, frozen=True, kw_only=True):
    """Hides its secrets in ``repr``: logs and tracebacks must not contain any."""

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        masked = (f"{k}={'***' if v and k.endswith(SECRET_ENDINGS) else repr(v)}" for k, v in shown.items())
        return f"{type(self).__name__}({', '.join(masked)})"
