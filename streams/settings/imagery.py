"""Settings of what concerns satellites and their images."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class ImagerySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``wakewatch imagery``."""

    elements_files: Annotated[
        tuple[str, ...], Meta(description="Files of element sets of satellites (TLE, OMM), which you keep up to date")
    ] = ()
    elements_age_most_d: Annotated[
        float, Meta(gt=0, le=365, description="Elements whose epoch is further from a pass are not used, d")
    ] = 14.0
    sensors_file: Annotated[
        str,
        Meta(description="TOML file of sensors that are added to ours or replace those of the same name; empty: none"),
    ] = ""
    metrics_host: Annotated[
        str, Meta(description="Address on which `imagery match` serves /metrics, /healthz and /readyz")
    ] = "127.0.0.1"
    metrics_port: Annotated[
        int, Meta(ge=0, le=65_535, description="Port of /metrics, /healthz and /readyz of `imagery match`; 0: none")
    ] = 0
    stac_url: Annotated[
        str, Meta(description="STAC API that is asked which images exist, such as https://HOST/stac/v1; empty: none")
    ] = ""
    stac_collections: Annotated[
        tuple[str, ...],
        Meta(description="Collections that are asked for, such as sentinel-1-grd; none: all of the API"),
    ] = ()
    stac_timeout_s: Annotated[
        float, Meta(gt=0, le=600, description="How long the STAC API may take to answer, all pages together, s")
    ] = 60.0
