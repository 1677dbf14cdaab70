"""The pictures of the documents: ``python -m tests.screenshots`` (``make screenshots``) plays the demo and takes them.

``docs/images/demo.svg`` is the end of the story as the demo prints it. ``console.png``, ``console-phone.png`` and
``handover.png`` are the console on its alerts in a headless Chromium. ``--text FILE`` keeps all that the demo printed;
``--from FILE`` draws the first picture again from such a file, without a demo.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import re
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from streams.demo.play import STAYS, DemoPlan, run
from streams.demo.screen import COMPARISON
from streams.settings import loading
from tests.streams.console.browser import chromium, tab

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTH = 158
CASE = "imo/9179842"
PHONE = (390, 844)
SHOWN_FROM = re.compile(r"^--- .*strait", re.I)
"""The chapter with which the picture begins; what is before it is left out."""
VERDICT = "expected alerts"
ADDRESS = re.compile(r"console +(http://\S+)")
# rich's own format names fonts on a public server; a picture in a repository asks nobody.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def drawn(printed: str, path: Path) -> None:
    """Draws the end of the story and what came of it, as the demo printed them (with terminal colours), as an SVG."""
    lines = [Text.from_ansi(line) for line in printed.splitlines()]
    first = next(number for number, line in enumerate(lines) if SHOWN_FROM.match(line.plain))
    last = next(number for number, line in enumerate(lines) if line.plain.startswith(COMPARISON))
    # of the long table that follows, its last line is enough
    (verdict,) = (line for line in lines if VERDICT in line.plain)
    shown = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    shown.print(Text("$ make demo", "bold"))
    for line in (Text("...", "dim"), *lines[first:last], Text("...", "dim"), verdict):
        line.rstrip()
        shown.print(line, no_wrap=True, overflow="ellipsis")
    path.write_text(
        shown.export_svg(title="make demo", theme=MONOKAI, code_format=FORMAT, unique_id="demo"), encoding="utf-8"
    )


async def photographed(url: str, folder: Path) -> None:
    """The console with the ship's case open, on a desktop and on a phone, and the hand-over of the watch."""
    with tempfile.TemporaryDirectory() as home:
        async with tab(Path(home)) as page:
            await page.open(url, 1280, 760)
            row = f"[...document.querySelectorAll('.case')].find((row) => row.dataset.case === '{CASE}')"
            await page.until(row)
            await page.evaluate("document.getElementById('log').click()")
            await page.evaluate(f"{row}.click()")
            await page.until("document.getElementById('detail').innerText.includes('threshold')")
            await page.until("document.getElementById('alarms').hidden")  # the worker has caught up
            await asyncio.sleep(3)  # the map glides to its place
            await page.picture(folder / "console.png")
            await page.evaluate("localStorage.setItem('by', 'Kim')")
            await page.evaluate("document.getElementById('handover-open').click()")
            await page.until("document.getElementById('handover').innerText.includes('Times of alerts')")
            await page.picture(folder / "handover.png")
            await page.open("about:blank", *PHONE, mobile=True)
            await page.open(f"{url}#case={CASE}", *PHONE, mobile=True)
            await page.until("document.readyState === 'complete' && document.querySelector('.todo')")
            await asyncio.sleep(1)
            await page.picture(folder / "console-phone.png")


class Photographer(threading.Thread):
    """Waits until the demo stays, takes the console's picture, and ends the demo as Ctrl-C does."""

    def __init__(self, console: Console) -> None:
        super().__init__(daemon=True)
        self.console = console
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while STAYS not in (printed := self.console.export_text(clear=False)):
                time.sleep(0.5)
            asyncio.run(photographed(ADDRESS.findall(printed)[-1], IMAGES))
        except Exception as error:  # noqa: BLE001 - raised by the main thread
            self.failure = error
        finally:
            os.kill(os.getpid(), signal.SIGINT)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots")
    parser.add_argument("--text", type=Path, metavar="FILE", help="keep what the demo printed")
    parser.add_argument(
        "--from", dest="kept", type=Path, metavar="FILE", help="draw the terminal again from such a file"
    )
    given = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    if given.kept:
        drawn(given.kept.read_text(encoding="utf-8"), IMAGES / "demo.svg")
        return 0
    if chromium() is None:
        parser.error("needs Chromium (apt-get install chromium)")
    console = Console(record=True, width=WIDTH, force_terminal=True, highlight=False)
    photographer = Photographer(console)
    photographer.start()
    status = run(DemoPlan(stay=True), loading.load(), console)
    photographer.join(30)
    printed = console.export_text(styles=True)
    if given.text:
        given.text.write_text(printed, encoding="utf-8")
    drawn(printed, IMAGES / "demo.svg")
    if photographer.failure is not None:
        raise photographer.failure
    return status


if __name__ == "__main__":
    sys.exit(main())
