"""``wakewatch bench matching``: how well contacts in images are matched with vessels, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from streams.bench.frame import Figure, Measured, Row, cpu_of
from streams.decode import decode
from streams.errors import ConfigError
from streams.files.recordings import recordings
from streams.imagery.detections.reading import read_detections
from streams.imagery.generated.recorded import all_long, recorded_scene, times_of
from streams.imagery.generated.scene import TIME_MS, Scene, scene_of
from streams.imagery.generated.scoring import SCENES, WRONG, Score, score_of
from streams.imagery.images import Contact, Fixes, Image, Silence
from streams.imagery.matching.matching import match
from streams.imagery.matching.needs import require_scipy
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.messages.log_records import Sentences

RECORDING: Final = Path("../shared/data/tracks/sbarc-2018-06-01_04.csv.gz")
_WITHHELD_MIN: Final = (1, 5, 15, 30)
_TIMES: Final = 100
_CHUNK: Final = 1 << 20
_SPAN_MS: Final = 3 * 3_600_000
_LARGE: Final = ((20_000, 5_000, 3.0), (20_000, 5_000, 0.3))
"""Contacts, vessels with AIS, and half the height of the image in degrees."""


def run(
    seeds: Annotated[int, typer.Option(help="Images of each kind of scene.", min=1)] = 10,
    ais: Annotated[
        Path | None,
        typer.Option(help="Recording of AIS, for images of its traffic.", metavar="FILE", show_default=False),
    ] = None,
    published: Annotated[
        Path | None,
        typer.Option(help="Detections with MMSIs, of the time of --ais.", metavar="FILE", show_default=False),
    ] = None,
) -> Measured:
    """Match generated images of known truth, images of recorded traffic, and large ones.

    With --published, the matches of the publisher are compared with ours; --ais must hold the tracks of that time.

    Example: wakewatch bench matching --seeds 20
    """
    require_scipy()
    if published and not ais:
        raise ConfigError("--published needs --ais: the tracks of the same time and place")
    recording = ais or (RECORDING if RECORDING.exists() else None)
    rows = [_generated(spec.name, (scene_of(spec, seed) for seed in range(seeds))) for spec in SCENES]
    rows += [_doubted(spec.name, [scene_of(spec, seed) for seed in range(seeds)]) for spec in WRONG]
    if recording:
        fixes = fixes_in(recording)
        rows += [_recorded(fixes, minutes) for minutes in _WITHHELD_MIN] if len(fixes.mmsi) else []
        rows += [_published(published, fixes)] if published else []
    rows += [_large(*size) for size in _LARGE]
    return Measured(
        input=f"{seeds * (len(SCENES) + len(WRONG))} generated images"
        + (f", images of the traffic of {recording.name}" if recording else ""),
        rows=tuple(rows),
        notes=(
            "precision and recall are of ships with AIS that are contacts; the other figures are per image",
            "absent, wrong: ships that were there and that the sensor missed, which their score allows for",
            "promised: what the scores of possible ships add up to; honest ones are right as often",
        ),
    )


def _generated(name: str, scenes: Iterable[Scene]) -> Row:
    return Row(name, _figures(*_scored(scenes)))


def _scored(scenes: Iterable[Scene]) -> tuple[Score, float]:
    """The sum of their scores, and the CPU seconds of matching them."""
    score, cpu_s = Score(), 0.0
    for scene in scenes:
        found, took_s = cpu_of(partial(match, scene.image, scene.fixes, scene.silences, lengths=scene.lengths))
        score, cpu_s = score.plus(score_of(scene, found)), cpu_s + took_s
    return score, cpu_s


def _figures(score: Score, cpu_s: float) -> tuple[Figure, ...]:
    images = max(score.images, 1)
    return (
        Figure("ships", score.there / images),
        Figure("precision", score.precision),
        Figure("recall", score.recall),
        Figure("absent, wrong", (score.absent - score.absent_right) / images),
        Figure("silent", score.silent / images),
        Figure("possible, right", score.possible_right / images),
        Figure("possible, wrong", (score.possible - score.possible_right) / images),
        Figure("promised", score.promised / images),
        Figure("CPU s", cpu_s / images),
    )


def _doubted(name: str, scenes: list[Scene]) -> Row:
    """Images of a wrong time: how many are recognised as such."""
    doubted = sum(not match(s.image, s.fixes, s.silences, lengths=s.lengths).agrees for s in scenes)
    return Row(f"{name}, recognised", (Figure("recall", doubted / len(scenes)),))


def _recorded(fixes: Fixes, minutes: float) -> Row:
    made = [
        recorded_scene(_around(fixes, at), at, minutes * 60, seed) for seed, at in enumerate(times_of(fixes, _TIMES))
    ]
    scenes = [scene for scene in made if scene is not None]
    score, cpu_s = _scored(scenes)
    wrong = _scored(all_long(scene) for scene in scenes)[0].absent
    figures = (
        Figure("ships", score.there / max(score.images, 1)),
        Figure("precision", score.precision),
        Figure("recall", score.recall),
        Figure("absent, wrong", wrong / max(score.images, 1)),
        Figure("CPU s", cpu_s / max(score.images, 1)),
    )
    return Row(f"recorded, {minutes:g} min to a fix", figures)


def _published(path: Path, fixes: Fixes) -> Row:
    """Against the publisher's own matches, of vessels that the recording has around the time of the image."""
    both = same = theirs = 0
    images, cpu_s = 0, 0.0
    for image in read_detections([path]).images:
        near = _around(fixes, image.time_ms)
        if not len(near.mmsi):
            continue
        images += 1
        found, took_s = cpu_of(partial(match, image, near, ()))
        cpu_s += took_s
        ours = {each.sighting.contact: each.mmsi for each in found.found if each.sighting.outcome == "seen"}
        known = {each.id: each.mmsi for each in image.contacts if each.mmsi in near.mmsi}
        theirs += len(known)
        both += len(ours.keys() & known.keys())
        same += sum(ours.get(contact) == mmsi for contact, mmsi in known.items())
    figures = (
        Figure("ships", theirs / max(images, 1)),
        Figure("precision", same / max(both, 1)),
        Figure("recall", same / max(theirs, 1)),
        Figure("CPU s", cpu_s / max(images, 1)),
    )
    return Row(f"{path.name}, images: {images}", figures)


def _large(contacts: int, vessels: int, half_deg: float) -> Row:
    image, fixes, silences, truth = large_image(contacts, vessels, half_deg)
    found, cpu_s = cpu_of(partial(match, image, fixes, silences))
    seen = [each for each in found.found if each.sighting.outcome == "seen"]
    right = sum(truth[each.mmsi] == each.sighting.contact for each in seen)
    figures = (
        Figure("ships", vessels),
        Figure("precision", right / max(len(seen), 1)),
        Figure("recall", right / vessels),
    )
    return Row(f"{contacts:,} contacts in {2 * half_deg:g} degrees", (*figures, Figure("CPU s", cpu_s)))


def large_image(
    contacts: int, vessels: int, half_deg: float
) -> tuple[Image, Fixes, tuple[Silence, ...], dict[int, str]]:
    """An image full of ships at anchor, some of them with AIS, 1,000 silences, and which contact is whose."""
    draw = np.random.default_rng(1)
    lat, lon = 35 + draw.uniform(-half_deg, half_deg, contacts), 129 + draw.uniform(-half_deg, half_deg, contacts)
    edge = 1.1 * half_deg
    ring = tuple((129 + x * edge, 35 + y * edge) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)))
    image = Image(
        id="large",
        sensor="Sentinel-1",
        kind="radar",
        time_ms=TIME_MS,
        footprint=ring,
        contacts=tuple(
            Contact(id=f"c{n}", lat_deg=place[0], lon_deg=place[1])
            for n, place in enumerate(zip(lat.tolist(), lon.tolist(), strict=True))
        ),
    )
    which = draw.choice(contacts, vessels, replace=False)
    mmsi, times = 230_000_000 + np.arange(vessels), TIME_MS + np.array([-240_000, -60_000, 60_000, 240_000])
    rows, still = vessels * len(times), np.zeros(vessels * len(times))
    noise = draw.normal(0, 1e-4, (2, rows))
    fixes = Fixes(
        np.repeat(mmsi, len(times)),
        np.tile(times, vessels),
        np.repeat(lat[which], len(times)) + noise[0],
        np.repeat(lon[which], len(times)) + noise[1],
        still,
        still,
    )
    hours = draw.uniform(0.2, 48, 1000)
    silences = tuple(
        Silence(f"gap-{n}", 400_000_000 + n, TIME_MS - int(h * 3_600_000), float(lat[n]), float(lon[n]), 15.0, None)
        for n, h in enumerate(hours.tolist())
    )
    return image, fixes, silences, {int(m): f"c{c}" for m, c in zip(mmsi, which, strict=True)}


def fixes_in(path: Path) -> Fixes:
    """All fixes of a recording, of any format that is replayed. Raises ConfigError if it cannot be opened."""
    parts = [part for part in _reports(path) if len(part)]
    if not parts:
        return Fixes(*(np.zeros(0, kind) for kind in ("i8", "i8", "f8", "f8", "f8", "f8")))
    rows = np.concatenate(parts)
    names = ("mmsi", "time_ms", "lat_deg", "lon_deg", "sog_kn", "cog_deg")
    return Fixes(*(rows[name].astype("i8" if at <= 1 else "f8") for at, name in enumerate(names)))


def _reports(path: Path) -> Iterator[np.ndarray]:
    for file in recordings(path):
        ingest = Ingest("bench", 1, source_kind=SourceKind(replayed=True))
        while chunk := file.file.read(_CHUNK):
            yield from _decoded(ingest.feed(chunk))
        yield from _decoded((*ingest.close_file(), *ingest.end()))


def _decoded(records: Iterable[object]) -> Iterator[np.ndarray]:
    for record in records:
        if isinstance(record, Sentences):
            reports = decode(record.value, record.source, record.ordinals).batch.reports
            yield reports[~np.isnan(reports["lat_deg"] + reports["lon_deg"])]


def _around(fixes: Fixes, time_ms: int) -> Fixes:
    return fixes.rows(np.abs(fixes.time_ms - time_ms) <= _SPAN_MS)
