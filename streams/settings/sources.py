"""Settings of the kinds of source that need more than a URL."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from streams.settings.discreet import Discreet


class AisstreamSettings(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``aisstream://``."""

    api_key: Annotated[str, Meta(description="Key of your account at aisstream.io; preferably given as a file")] = ""
    boxes: Annotated[
        tuple[str, ...],
        Meta(description="Areas to receive, each as 'SOUTH WEST NORTH EAST' in degrees; none: the whole world"),
    ] = ()
    mmsis: Annotated[
        tuple[str, ...], Meta(description="MMSIs to receive (nine digits, at most 50); none: all in the areas")
    ] = ()
    message_types: Annotated[
        tuple[str, ...], Meta(description="Message types to receive, such as PositionReport; none: all that are used")
    ] = ()


class HttpListenSettings(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``http-listen://``."""

    password: Annotated[
        str,
        Meta(
            description="Password that posts must give (HTTP basic authentication with any user name, or as a bearer"
            " token); preferably given as a file; empty: none"
        ),
    ] = ""
    body_bytes: Annotated[
        int, Meta(ge=10_000, le=100_000_000, description="Largest post that is read, bytes, also after unpacking")
    ] = 4_000_000
    timeout_s: Annotated[float, Meta(gt=0, le=600, description="How long a post may take to arrive, s")] = 30.0
