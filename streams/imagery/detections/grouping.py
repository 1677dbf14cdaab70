"""Rows gathered into images: by scene and time, or by sensor and time."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from streams.imagery.detections.rows import Gathered, Outlined, Row
from streams.imagery.detections.scenes import Scene, course_of, kind_of, scene_of
from streams.imagery.detections.shapes import around
from streams.imagery.images import CONTACTS_MOST, Contact, Image

TOGETHER_MS: Final = 60_000
"""Contacts of one sensor within this are of one image if no scene is stated."""
_NAME_MOST: Final = 200
_STEM_MOST: Final = 110
"""Of a name to which more is added."""
_SENSOR_MOST: Final = 64
_CLOUDS_MOST: Final = 500
_NOT_A_LETTER: Final = re.compile(r"[^a-z0-9]+")
_SEPARATORS: Final = " ;:_-/"


class Options(NamedTuple):
    """What the user states of contacts that do not say it themselves."""

    sensor: str = ""
    time_ms: int | None = None
    columns: Mapping[str, str] = {}


class _Timed(NamedTuple):
    """A row, or an outline without rows, with its image's scene, sensor and time."""

    scene: str
    sensor: str
    time_ms: int
    row: Row | None


def images_of(gathered: Gathered, options: Options) -> list[Image]:
    """The images, by time and identity. Rows and outlines that cannot be placed are counted in ``gathered``."""
    outlines = _merged(gathered.outlines)
    timed = [*_timed(gathered, outlines, options)]
    bare = [each.scene for each in timed if each.row is not None]
    timed += _empty(outlines, {*bare}, options)
    if lone := [each for each in gathered.outlines if not each.scene]:
        outlines |= _placed(lone, timed, gathered)
    by_image = _by_image(timed)
    sensors = Counter(scene for scene, _ in by_image)
    images: dict[str, Image] = {}
    for (scene, sensor), rows in sorted(by_image.items()):
        parts = [*_together(rows)]
        for part in parts:
            time_ms, identity = _middle_ms(part), scene
            if not scene or len(parts) > 1 or sensors[scene] > 1:
                several = f"-{_slug(sensor)}" if scene and sensors[scene] > 1 else ""
                identity = f"{scene[:_STEM_MOST] or _slug(sensor)}{several}-{_stamp(time_ms)}"
            identity = _unlike(identity, images)
            outline = outlines.get(scene) or Outlined(scene)
            contacts = _contacts(identity, part, gathered, exact=bool(outline.kind))
            images[identity] = _image(identity, sensor, time_ms, contacts, outline)
    return sorted(images.values(), key=lambda image: (image.time_ms, image.id))


def _timed(gathered: Gathered, outlines: Mapping[str, Outlined], options: Options) -> Iterator[_Timed]:
    known: dict[str, Scene | None] = {}
    for row in gathered.rows:
        scene = row.scene or _scene_in(row.id)
        if scene not in known:
            known[scene] = scene_of(scene)
        outline = outlines.get(scene) or Outlined(scene)
        said = known[scene]
        if outline.kind:
            said = None
        sensor = (said.sensor if said else "") or row.sensor or outline.sensor or options.sensor
        time_ms = _time_ms(row.time_ms if row.time_ms is not None else outline.time_ms, said, options)
        if not sensor:
            gathered.reject(row.at, "sensor not stated; give it with --sensor")
        elif time_ms is None:
            gathered.reject(row.at, "time not stated; give it with --time")
        elif len(scene) > _NAME_MOST or len(sensor) > _SENSOR_MOST:
            gathered.reject(row.at, "name of the image or the sensor too long")
        else:
            yield _Timed(scene, sensor, time_ms, row)


def _time_ms(stated: int | None, said: Scene | None, options: Options) -> int | None:
    """The time of an image: the middle of its scene, unless a time far from that is stated."""
    middle = said.middle_ms if said else None
    if said and middle is not None and said.begin_ms is not None and said.end_ms is not None:
        begin, end = said.begin_ms - TOGETHER_MS, said.end_ms + TOGETHER_MS
        return middle if stated is None or begin <= stated <= end else stated
    return stated if stated is not None else options.time_ms


def _scene_in(identity: str) -> str:
    """The scene in a contact's identity: Global Fishing Watch writes ``scene;lon;lat``."""
    scene = identity.partition(";")[0]
    return scene if ";" in identity and scene_of(scene) else ""


def _merged(outlines: Iterable[Outlined]) -> dict[str, Outlined]:
    """Everything stated of each scene."""
    found: dict[str, Outlined] = {}
    for each in outlines:
        if each.scene:
            held = found.get(each.scene)
            found[each.scene] = each if held is None else _both(held, each)
    return found


def _both(held: Outlined, other: Outlined) -> Outlined:
    first, second = (held, other) if held.ring or not other.ring else (other, held)
    holes = (*held.holes, *(hole for hole in other.holes if hole not in held.holes))
    return first._replace(
        sensor=first.sensor or second.sensor,
        time_ms=second.time_ms if first.time_ms is None else first.time_ms,
        holes=holes,
    )


def _empty(outlines: Mapping[str, Outlined], used: set[str], options: Options) -> Iterator[_Timed]:
    """Images that have an outline and no contacts."""
    for scene, outline in outlines.items():
        said = None if outline.kind else scene_of(scene)
        sensor = (said.sensor if said else "") or outline.sensor or options.sensor
        time_ms = _time_ms(outline.time_ms, said, options)
        fits = len(scene) <= _NAME_MOST and 0 < len(sensor) <= _SENSOR_MOST
        if scene not in used and outline.ring and fits and time_ms is not None:
            yield _Timed(scene, sensor, time_ms, None)


def _placed(lone: Sequence[Outlined], timed: Sequence[_Timed], gathered: Gathered) -> dict[str, Outlined]:
    """Outlines without a scene, for the only image there is."""
    scenes = {each.scene for each in timed}
    times = [each.time_ms for each in timed]
    if len(scenes) != 1 or len({each.sensor for each in timed}) != 1 or max(times) - min(times) > TOGETHER_MS:
        for _ in lone:
            gathered.reject("outline", "outline without an image; state the image in it")
        return {}
    whole = lone[0]
    for each in lone[1:]:
        whole = _both(whole, each)
    return {next(iter(scenes)): whole}


def _by_image(timed: Iterable[_Timed]) -> dict[tuple[str, str], list[_Timed]]:
    found: defaultdict[tuple[str, str], list[_Timed]] = defaultdict(list)
    for each in timed:
        found[each.scene, each.sensor].append(each)
    return found


def _together(rows: list[_Timed]) -> Iterator[list[_Timed]]:
    """Rows within a minute of the first."""
    part: list[_Timed] = []
    for each in sorted(rows, key=lambda each: each.time_ms):
        if part and each.time_ms - part[0].time_ms > TOGETHER_MS:
            yield part
            part = []
        part.append(each)
    if part:
        yield part


def _middle_ms(part: Sequence[_Timed]) -> int:
    return (part[0].time_ms + part[-1].time_ms) // 2


def _image(identity: str, sensor: str, time_ms: int, contacts: tuple[Contact, ...], outline: Outlined) -> Image:
    ring = outline.ring or around([each.lat_deg for each in contacts], [each.lon_deg for each in contacts])
    kind = outline.kind or kind_of(sensor)
    track, looks = outline.track_deg, outline.looks or None
    if not outline.kind and kind == "radar":
        lon, lat = ring[0]
        track = course_of(sensor, lat, lon, time_ms) if track is None else track
        looks = looks or ("right" if sensor.lower().startswith("sentinel-1") else None)
    given = {
        "id": identity,
        "sensor": sensor,
        "kind": kind,
        "time_ms": time_ms,
        "footprint": ring,
        # Clouds that are left out would make ships under them absent.
        "outlined": bool(outline.ring) and outline.outlined and len(outline.holes) <= _CLOUDS_MOST,
        "contacts": contacts,
        "track_deg": track,
        "looks": looks,
        "clouds": outline.holes[:_CLOUDS_MOST],
        "length_least_m": outline.length_least_m,
    }
    return msgspec.convert(given, Image, from_attributes=True)


def _contacts(identity: str, part: Sequence[_Timed], gathered: Gathered, *, exact: bool) -> tuple[Contact, ...]:
    """Each contact once, with an identity of its own; ``exact``: that which is stated."""
    found: dict[str, Contact] = {}
    held: set[tuple[object, ...]] = set()
    for number, row in enumerate((each.row for each in part if each.row is not None), 1):
        called = (row.id if exact else _short(row.id, row.scene or identity))[:_NAME_MOST]
        same = (called, *row[:2], *row[6:9])
        if same in held:
            gathered.unused["the same contact twice"] += 1
            continue
        held.add(same)
        called = called or str(number)
        called = f"{called[:_STEM_MOST]}-{number}" if called in found else called
        if len(found) >= CONTACTS_MOST:
            gathered.reject(row.at, f"more than {CONTACTS_MOST} contacts in one image")
            continue
        found[called] = Contact(
            id=called,
            lat_deg=row.lat_deg,
            lon_deg=row.lon_deg,
            length_m=row.length_m,
            heading_deg=row.heading_deg,
            confidence=row.confidence,
            mmsi=row.mmsi,
        )
    return tuple(found.values())


def _short(identity: str, scene: str) -> str:
    """A contact's identity without its scene's name."""
    return identity.removeprefix(scene).removeprefix(".SAFE").lstrip(_SEPARATORS)


def _unlike(identity: str, taken: Container[str]) -> str:
    """The identity, or with a number if another image has it."""
    named = identity
    for number in itertools.count(2):
        if named not in taken:
            break
        named = f"{identity}-{number}"
    return named


def _slug(sensor: str) -> str:
    return _NOT_A_LETTER.sub("-", sensor.lower()).strip("-") or "sensor"


def _stamp(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
