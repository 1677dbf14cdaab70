"""Renews the copy of MapLibre GL JS that the console serves, from the npm registry: ``renew.py [VERSION]``.

The page's policy allows no script from another host and none that is made at run time, so it needs the variant whose
worker is a file of its own (``-csp``); version 5 is the last that has it. The files are kept as they are in the
package, with its licence and the SHA-256 of each, which a test compares.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Final

VERSION: Final = "5.24.1"
FILES: Final = ("maplibre-gl-csp.js", "maplibre-gl-csp-worker.js", "LICENSE.txt")
FOLDER: Final = Path(__file__).parents[2] / "streams" / "console" / "page" / "vendor"


def main() -> None:
    """Fetches the package, compares it with the registry's digest, and writes the files."""
    version = sys.argv[1] if len(sys.argv) > 1 else VERSION
    with tempfile.TemporaryDirectory() as home:
        package, integrity = _packed(version, Path(home))
        FOLDER.mkdir(exist_ok=True)
        hashes = {}
        with tarfile.open(package, mode="r:gz") as files:
            for name in FILES:
                member = files.extractfile(f"package/dist/{name}")
                assert member is not None
                text = member.read()
                (FOLDER / name).write_bytes(text)
                hashes[name] = hashlib.sha256(text).hexdigest()
    said = {"package": "maplibre-gl", "version": version, "integrity": integrity, "sha256": hashes}
    (FOLDER / "vendor.json").write_text(json.dumps(said, indent=2) + "\n")


def _packed(version: str, home: Path) -> tuple[Path, str]:
    """The package as ``npm pack`` fetches it from the registry that npm is set to, and its digest."""
    call = ["npm", "pack", f"maplibre-gl@{version}", "--json", "--pack-destination", str(home)]
    about: dict[str, Any] = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)[0]
    package = home / about["filename"]
    digest = "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if digest != about["integrity"]:
        raise SystemExit(f"maplibre-gl {version}: the package has {digest}, the registry gives {about['integrity']}")
    return package, digest


if __name__ == "__main__":
    main()
