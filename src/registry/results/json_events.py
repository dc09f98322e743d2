"""JSON read piece by piece: the items of a long list one by one, single values as they are passed.

Stricter than JSON need be: no key twice, no deeper than the limit, and no object, item or
text without end.
"""

import codecs
import json
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import ijson

from registry.results.collecting import Collector
from registry.results.faults import Fault
from registry.results.sniffing import BOM
from registry.results.sources import FEED, Source

MOST_KEYS = 1000  # in one object
MOST_VALUES = 10_000  # in one item
EVENTS_PER_COUNT = 4  # these are read faster than lines or elements
OPENING = {"start_map": dict, "start_array": list}
CLOSING = ("end_map", "end_array")

Place = tuple[str, ...]


class Value(NamedTuple):
    """A value at a place (its keys from the outermost on).

    An item of a list that was asked for has its ``number``, from 0 on; the list itself comes before, empty and with
    None for a number, as single values outside of such lists have.
    """

    place: Place
    number: int | None
    value: Any


class Frame:
    """An object or list that is open. ``built`` is what becomes of it where it is (a part of) an item."""

    __slots__ = ("built", "count", "key", "keys", "listed", "place")

    def __init__(self, place: Place, event: str, built: Any = None, listed: bool = False):
        self.place = place
        self.keys: set[str] | None = set() if event == "start_map" else None
        self.key = ""
        self.built = built
        self.listed = listed
        self.count = 0


def walk(source: Source, collector: Collector, lists: Collection[Place]) -> Iterator[Value]:
    """The values of a document, with the items of the lists at ``lists``; raises Fault."""
    walker = Walker(collector, lists)
    for batch in _batches(source, collector):
        collector.count(len(batch) // EVENTS_PER_COUNT, None)
        yield from walker.values(batch)


class Walker:
    def __init__(self, collector: Collector, lists: Collection[Place]):
        self._collector = collector
        self._lists = lists
        self._frames: list[Frame] = []
        self._values = 0

    def values(self, batch: list[tuple[str, Any]]) -> Iterator[Value]:
        """What these events of ijson complete."""
        frames = self._frames
        for event, value in batch:
            if event == "map_key":
                self._key(frames[-1], value)
            elif event in CLOSING:
                closed = frames.pop()
                if closed.built is not None and frames[-1].listed:
                    yield self._item(frames[-1], closed.built)
            elif not frames:
                frames.append(Frame((), event))  # an object: what begins otherwise is not taken for JSON
            elif frames[-1].built is not None or frames[-1].listed:
                made = OPENING[event]() if event in OPENING else value
                if frames[-1].built is not None:
                    self._put(frames[-1], made)
                elif event not in OPENING:
                    yield self._item(frames[-1], value)
                if event in OPENING:
                    self._open(Frame(frames[-1].place, event, made))
            else:
                frame = frames[-1]
                place = frame.place if frame.keys is None else (*frame.place, frame.key)
                if event in OPENING:
                    listed = event == "start_array" and place in self._lists
                    if listed:
                        yield Value(place, None, [])
                    self._open(Frame(place, event, listed=listed))
                elif frame.keys is not None:
                    yield Value(place, None, value)

    def _open(self, frame: Frame) -> None:
        self._frames.append(frame)
        if len(self._frames) > self._collector.limits.depth:
            raise self._fault(f"Values may be {self._collector.limits.depth} levels deep.", "TOO_DEEP")

    def _key(self, frame: Frame, key: str) -> None:
        assert frame.keys is not None  # noqa: S101 (keys come in objects only)
        if key in frame.keys:
            raise self._fault(f"The key {key[:80]!r} is there twice.", "DUPLICATE_KEY")
        frame.keys.add(key)
        if len(frame.keys) > MOST_KEYS:
            raise self._fault(f"An object may have at most {MOST_KEYS} keys.", "TOO_MANY_EVENTS")
        frame.key = key

    def _put(self, frame: Frame, value: Any) -> None:
        if frame.keys is None:
            frame.built.append(value)
        else:
            frame.built[frame.key] = value
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._fault(f"An item may have at most {MOST_VALUES} values.", "TOO_MANY_EVENTS")

    def _item(self, frame: Frame, value: Any) -> Value:
        self._values = 0
        frame.count += 1
        return Value(frame.place, frame.count - 1, value)

    def _fault(self, reason: str, code: str) -> Fault:
        place = "".join(
            f"[{frame.count}]" if frame.listed else f".{frame.key}"
            for frame in self._frames
            if frame.keys is not None or frame.listed
        )
        return self._collector.fault(f"{place.lstrip('.')[:200]}: {reason}" if place else reason, None, code)


def _batches(source: Source, collector: Collector) -> Iterator[list[tuple[str, Any]]]:
    """The events of ijson, as many at a time as FEED bytes give."""
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events, use_float=True)
    fed = progress = 0
    for chunk in source:
        for start in range(0, len(chunk), FEED):
            piece = chunk[start : start + FEED]
            try:
                parser.send(piece if fed else piece.removeprefix(BOM))
            except (ijson.JSONError, ValueError, OverflowError) as error:
                raise _no_json(error, piece, fed, collector) from None
            fed += len(piece)
            if events:
                progress = fed
                yield events
                del events[:]
            elif fed - progress > collector.limits.token_bytes:
                raise collector.fault("A text or number is too long.", progress, "TOKEN_TOO_LONG")
    try:
        parser.close()
    except (ijson.JSONError, ValueError, OverflowError):
        raise collector.fault("The document breaks off before its end.", fed) from None
    yield events


def _no_json(error: Exception, piece: bytes, offset: int, collector: Collector) -> Fault:
    """Says where, exactly when the document was short enough to have come in one piece."""
    from_here = f"somewhere in the {len(piece)} bytes from here on"
    if "overflow" in str(error):
        return collector.fault(f"A number is larger than 64 bits hold, {from_here}.", offset)
    if offset:
        return collector.fault(f"This is no JSON, {from_here}.", offset)
    try:
        text, size = codecs.utf_8_decode(piece, "strict", False)  # the last character may be in two pieces
    except UnicodeDecodeError as found:
        return collector.fault("This is no JSON: it is not UTF-8.", found.start)
    reason, text = "This is no JSON", text.removeprefix("\ufeff")
    try:
        json.loads(text)
    except json.JSONDecodeError as found:
        reason, offset = f"{reason}: {found.msg}", size - len(text[found.pos :].encode())
    except (ValueError, RecursionError):
        pass
    return collector.fault(f"{reason}.", offset)
