"""Ships and areas of one's own on the page: what there is, and the routes that change it.

A change is made in a process of its own, one at a time: it reads all versions of the lists, which may be hundreds of
megabytes for a moment, and the page must neither wait for that nor keep the memory.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from http import HTTPStatus
from multiprocessing import get_context
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from detectors.core.reference import ListedShip, Zone
from streams.console.identity import RefusalError, allowed, body_of
from streams.errors import WakewatchError
from streams.messages.reference_records import ChangeMade
from streams.reference.loading import load_reference
from streams.reference.own import AddShip, AddZone, OwnChange, OwnListError, RemoveShip, RemoveZone, check
from streams.reference.own_changes import bring_change
from streams.settings.model import KafkaSettings, ReferenceSettings

_JSON: Final = "application/json"
_PATIENCE_S: Final = 20.0
_COMMAND: Final = "the same change on the page"
"""Shown as what completes a change that was interrupted."""
_CHANGES_SHOWN: Final = 50
T = TypeVar("T", AddShip, RemoveShip, AddZone, RemoveZone)


class OwnLists(msgspec.Struct, frozen=True, kw_only=True):
    """``/api/own``: what is in force."""

    ships: tuple[ListedShip, ...] = ()
    zones: tuple[Zone, ...] = ()
    changes: tuple[ChangeMade, ...] = ()
    """The newest first, at most 50."""

    @classmethod
    def of(cls, ships: tuple[ListedShip, ...], zones: tuple[Zone, ...] | None, changes: list[ChangeMade]) -> OwnLists:
        """``zones``: all zones in force; own ones have an author."""
        own = tuple(zone for zone in zones or () if zone.added_by is not None)
        return cls(ships=ships, zones=own, changes=tuple(changes[:_CHANGES_SHOWN]))


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a change: what was done, or why not."""

    status: int
    said: str


class OwnListRoutes:
    """The routes that change own ships and areas; each needs the role admin."""

    def __init__(self, kafka: KafkaSettings, reference: ReferenceSettings) -> None:
        self._kafka, self._reference = kafka, reference
        self._one_at_a_time = asyncio.Lock()

    def add_to(self, app: web.Application) -> None:
        """Adds the routes."""
        app.router.add_post("/api/own/ships", self.add_ship)
        app.router.add_post("/api/own/ships/remove", self.remove_ship)
        app.router.add_post("/api/own/zones", self.add_zone)
        app.router.add_post("/api/own/zones/remove", self.remove_zone)

    async def add_ship(self, request: web.Request) -> web.Response:
        """``AddShip``."""
        return await self._change(request, AddShip)

    async def remove_ship(self, request: web.Request) -> web.Response:
        """``RemoveShip``."""
        return await self._change(request, RemoveShip)

    async def add_zone(self, request: web.Request) -> web.Response:
        """``AddZone``."""
        return await self._change(request, AddZone)

    async def remove_zone(self, request: web.Request) -> web.Response:
        """``RemoveZone``."""
        return await self._change(request, RemoveZone)

    async def _change(self, request: web.Request, kind: type[T]) -> web.Response:
        person = allowed(request, "admin")
        given = await body_of(request, kind)
        change = msgspec.structs.replace(given, by=person.named(given.by))
        try:
            check(change)
        except OwnListError as error:
            raise RefusalError(HTTPStatus.BAD_REQUEST, str(error)) from error
        if self._one_at_a_time.locked():
            raise RefusalError(HTTPStatus.SERVICE_UNAVAILABLE, "another change is being made: try again in a moment")
        async with self._one_at_a_time:
            outcome = await self._made(change)
        if outcome.status != HTTPStatus.OK:
            raise RefusalError(HTTPStatus(outcome.status), outcome.said)
        return web.Response(body=msgspec.json.encode(outcome), content_type=_JSON)

    async def _made(self, change: OwnChange) -> Outcome:
        loop = asyncio.get_running_loop()
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        try:
            return await loop.run_in_executor(pool, make, self._kafka, self._reference, change)
        except BrokenExecutor:
            said = "the process that makes the change ended: check its log, and whether the change is in force"
            return Outcome(status=HTTPStatus.SERVICE_UNAVAILABLE, said=said)
        finally:
            pool.shutdown(wait=False)


def make(kafka: KafkaSettings, reference: ReferenceSettings, change: Any) -> Outcome:
    """Makes a change; runs in a process of its own."""
    from kafka.errors import KafkaError

    try:
        own = load_reference(reference)
        made = bring_change(kafka, own, change, told=lambda _: None, command=_COMMAND, patience_s=_PATIENCE_S)
    except OwnListError as error:
        return Outcome(status=HTTPStatus.CONFLICT, said=str(error))
    except WakewatchError as error:
        return Outcome(status=HTTPStatus.SERVICE_UNAVAILABLE, said=str(error))
    except KafkaError as error:
        return Outcome(status=HTTPStatus.SERVICE_UNAVAILABLE, said=f"Kafka: {type(error).__name__}: {error}")
    return Outcome(status=HTTPStatus.OK, said=made.said)
