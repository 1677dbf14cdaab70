"""Writes the dashboards: ``python deploy/grafana/generate.py [FOLDER]``; the committed ones are in ``dashboards``."""

import json
import sys
from pathlib import Path
from typing import Any

import feed_quality
import pipeline
import watch_floor
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from panels import build

SCREENS = (watch_floor.SCREEN, pipeline.SCREEN, feed_quality.SCREEN)


def main() -> None:
    """One file a screen, named after its uid."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "dashboards"
    for screen in SCREENS:
        made = json.loads(JSONEncoder(sort_keys=True).encode(build(screen).build()))
        _without_unknown(made)
        text = json.dumps(made, indent=2, sort_keys=True)
        (folder / f"{screen.uid}.json").write_text(text + "\n", "utf-8")


def _without_unknown(made: dict[str, Any]) -> None:
    """Removes what the SDK writes for newer versions of Grafana than the one in compose.yaml knows."""
    for one in (*made["links"], *made["annotations"]["list"]):
        one.pop("placement", None)
    for variable in made["templating"]["list"]:
        for name in ("auto", "auto_count", "auto_min", "allowCustomValue", "staticOptionsOrder"):
            variable.pop(name, None)
    for panel in made["panels"]:
        if panel["type"] == "table":
            panel["options"].pop("footer", None)


if __name__ == "__main__":
    main()
