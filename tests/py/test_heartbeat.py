"""How often a run speaks to the page, and what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from faces.database import Channel
from faces.errors import DatabaseError
from faces.guard import Guard
from faces.heartbeat import PERIOD, Heartbeat


class Memory:
    """The table `config` as far as a heartbeat uses it; counts what is written and asked."""

    patience = 60.0

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.writes = self.questions = 0
        self.away = 0.0

    def consents(self, channel: int, keys: list[str]) -> tuple[bool, dict[str, str]]:
        self._check()
        self.questions += 1
        return True, {key: self.rows[key] for key in keys if key in self.rows}

    def write_value(self, key: str, value: str, patience: float | None = None) -> None:
        self._check()
        self.writes += 1
        self.rows[key] = value

    def delete_value(self, key: str, value: str | None = None, patience: float | None = None) -> None:
        self.rows.pop(key, None)

    def seconds_away(self) -> float:
        return self.away

    def _check(self) -> None:
        if self.away:
            raise DatabaseError("away")


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heart(memory: Memory, clock: Clock) -> Heartbeat:
    heart = Heartbeat(memory, "detect", True, used_ram=lambda: 50.0, clock=clock)  # type: ignore[arg-type]
    heart.channel(Channel(1, "alice"))
    return heart


def status(memory: Memory, key: str = "status.alice") -> dict[str, Any]:
    result: dict[str, Any] = json.loads(memory.rows[key])
    return result


def test_every_two_seconds_at_most(heart: Heartbeat, memory: Memory, clock: Clock) -> None:
    heart.start(1000)
    guard = Guard(asked=heart.beat)
    for _ in range(1000):  # 100 seconds, ten photos a second
        guard.check()
        heart.photo("Photos/x.png")
        clock.now += 0.1
    assert 2 * 48 <= memory.writes <= 2 * 51 and memory.questions <= 51  # the channel's status and the hub's
    assert PERIOD == 2.0


def test_the_end_is_in_sight(heart: Heartbeat, memory: Memory, clock: Clock) -> None:
    heart.start(10)
    for _ in range(5):
        clock.now += 4
        heart.photo("Photos/x.png")
    heart.beat()
    said = status(memory)
    assert (said["done"], said["total"], said["folder"], said["eta"]) == (5, 10, "Photos", "2027-01-15T08:00:40Z")


def test_a_clock_that_is_set_back_silences_nothing(heart: Heartbeat, memory: Memory, clock: Clock) -> None:
    heart.beat()
    clock.now -= 3600
    heart.beat()
    assert memory.writes == 4


def test_an_outage_is_sat_out_for_as_long_as_the_databases_patience(
    heart: Heartbeat, memory: Memory, clock: Clock
) -> None:
    for memory.away in (1, 30, 59):
        clock.now += 2 * PERIOD
        assert heart.beat() == ""
    clock.now += 2 * PERIOD
    memory.away = 60
    with pytest.raises(DatabaseError):
        heart.beat()


def test_a_mute_one_says_nothing_but_listens(memory: Memory, clock: Clock) -> None:
    heart = Heartbeat(memory, "recognize", False, used_ram=lambda: 50.0, clock=clock)  # type: ignore[arg-type]
    heart.channel(Channel(1, "alice"), mute=True)
    heart.beat()
    heart.end("done", "", 0)
    assert memory.rows == {}
    heart.channel(Channel(1, "alice"), mute=True)
    memory.rows["stop.alice"] = "2030-01-01T00:00:00Z"
    assert heart.ask() == "a request to stop" and memory.rows == {}


def test_the_value_fits_its_column_whatever_happened(heart: Heartbeat, memory: Memory) -> None:
    heart.photo("\U0001f600" * 5000 + "/x.png")
    heart.end("failed", "\U0001f600\udcff" * 50_000, 1)
    assert len(memory.rows["status.alice"].encode()) < 65_535 and status(memory)["state"] == "failed"
