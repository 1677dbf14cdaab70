"""Writes the dashboards: ``python deploy/grafana/generate.py [FOLDER]``; the committed ones are in ``dashboards``."""

import sys
from pathlib import Path

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
        text = JSONEncoder(sort_keys=True, indent=2).encode(build(screen).build())
        (folder / f"{screen.uid}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
