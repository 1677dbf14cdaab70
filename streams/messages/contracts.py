"""The type of the values of each topic: what other programs may rely on."""

from __future__ import annotations

from typing import Final

import msgspec

from detectors.core.alert import Alert
from detectors.core.displacements import Displacement
from detectors.core.identities.binding import Binding
from detectors.core.orbits.choice import OrbitRecord
from detectors.core.promises import PartitionWatermark
from detectors.core.reference import Zone
from detectors.core.slow_ships import DraughtChanged, ListedSilence, SlowShips
from detectors.core.ticks import Tick
from detectors.core.vessels.affected_areas import AffectedArea
from detectors.core.vessels.sightings import SightingRecord
from streams.messages.case_export import CaseExport
from streams.messages.cue import Cue
from streams.messages.detections import Image
from streams.messages.feedback import Feedback
from streams.messages.matched import ImageMatch
from streams.messages.reference_records import ImportBegun, VersionEntry, VersionHead, VersionMarker
from streams.messages.topics import (
    ALERT_STATE,
    ALERTS,
    CUES,
    DETECTIONS,
    FEEDBACK,
    IDENTITIES,
    IMAGES,
    PLACES,
    REFERENCE,
    SENTENCES,
    SLOW,
    VESSELS,
)
from streams.messages.vessel_summary import VesselSummary


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a topic."""

    name: str
    """Name of the schema's file, without its ending; it ends in its version."""
    type: type[msgspec.Struct]
    topics: tuple[str, ...]
    sentence: str


CONTRACTS: Final = (
    Contract(
        name="alert.v1",
        type=Alert,
        topics=(ALERTS, ALERT_STATE),
        sentence="One revision of one alert. The record's headers are CloudEvents 1.0, binary mode.",
    ),
    Contract(
        name="feedback.v1",
        type=Feedback,
        topics=(FEEDBACK,),
        sentence="An action of a person about one revision of an alert; of each alert the newest decision counts.",
    ),
    Contract(
        name="vessel.v1",
        type=VesselSummary,
        topics=(VESSELS,),
        sentence="A listed vessel as the worker knows it, at most once a minute; no value: no longer listed.",
    ),
    Contract(
        name="cue.v1",
        type=Cue,
        topics=(CUES,),
        sentence="Where and when satellites can image a silent listed ship: a GeoJSON feature for a tasking system; "
        "its key is the alert's id.",
    ),
    Contract(
        name="tick.v1",
        type=Tick,
        topics=(SENTENCES,),
        sentence="The clock of the feed: the value of a record with header ww_kind tick.",
    ),
    Contract(
        name="reference-marker.v1",
        type=VersionMarker,
        topics=(SENTENCES,),
        sentence="Other lists or zones are in force from here on: a record with header ww_kind reference.",
    ),
    Contract(
        name="area.v1",
        type=AffectedArea,
        topics=(SENTENCES,),
        sentence="Positions in an area are unreliable from here on, or no longer: a record with header ww_kind area.",
    ),
    Contract(
        name="elements.v1",
        type=OrbitRecord,
        topics=(SENTENCES,),
        sentence="Element sets and sensors in force from here on: a record with header ww_kind elements.",
    ),
    Contract(
        name="sighting.v1",
        type=SightingRecord,
        topics=(SENTENCES,),
        sentence="What satellite images show of a vessel: a record with header ww_kind sighting.",
    ),
    Contract(
        name="listed-ship.v1",
        type=VersionEntry,
        topics=(REFERENCE,),
        sentence="One entry of a version of the watchlist; key VERSION/ship/LIST/ENTRY.",
    ),
    Contract(
        name="zone.v1",
        type=Zone,
        topics=(REFERENCE,),
        sentence="One zone of a version that has its own zones; key VERSION/zone/PLACE.",
    ),
    Contract(
        name="reference-head.v1",
        type=VersionHead,
        topics=(REFERENCE,),
        sentence="Completes a version of the watchlist; key VERSION/head.",
    ),
    Contract(
        name="reference-begun.v1",
        type=ImportBegun,
        topics=(REFERENCE,),
        sentence="An import that has begun and not finished; key VERSION/begun/IMPORT.",
    ),
    Contract(
        name="binding.v1",
        type=Binding,
        topics=(IDENTITIES,),
        sentence="An MMSI reports an IMO number: written when new, when reported again, then hourly; key IMO/MMSI.",
    ),
    Contract(
        name="displacement.v1",
        type=Displacement,
        topics=(PLACES,),
        sentence="A vessel appears displaced: written at its second impossible position, when it has moved, and every "
        "15 minutes while it lasts; key: cell of half a degree of its origin.",
    ),
    Contract(
        name="detections.v1",
        type=Image,
        topics=(DETECTIONS,),
        sentence="A satellite image with all contacts found in it; the newest of each image counts. Key: its id.",
    ),
    Contract(
        name="image-match.v1",
        type=ImageMatch,
        topics=(IMAGES,),
        sentence="The fixes of vessels around an image, and the contacts that none of them explains; key: image id.",
    ),
    Contract(
        name="slow-ships.v1",
        type=SlowShips,
        topics=(SLOW,),
        sentence="Where slow vessels outside ports were, every ten minutes; key: MMSI of the first.",
    ),
    Contract(
        name="draught-changed.v1",
        type=DraughtChanged,
        topics=(SLOW,),
        sentence="A vessel outside ports states another draught than before; key: MMSI.",
    ),
    Contract(
        name="listed-silence.v1",
        type=ListedSilence,
        topics=(SLOW,),
        sentence="A listed vessel is silent, or a vessel is heard again: with each revision of its alert gap; key: "
        "MMSI.",
    ),
    Contract(
        name="heard.v1",
        type=PartitionWatermark,
        topics=(IDENTITIES, PLACES, SLOW),
        sentence="Progress of a partition: no fact with an earlier stamp will follow; key heard/PARTITION.",
    ),
)

FILE_CONTRACTS: Final = (
    Contract(
        name="case.v1",
        type=CaseExport,
        topics=(),
        sentence="The file case.json of `wakewatch case export`: a case with everything that the topics hold of it.",
    ),
)
"""The types of files that are handed over; they are on no topic."""
