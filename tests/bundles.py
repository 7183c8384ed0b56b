"""Bundles for tests: the shipped one, changed and signed anew by a key of the tests' own."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bundle import DEFAULT_BUNDLE
from edge.signing import MANIFEST, Trust, TrustedKey, key_id, sign

KEY = Ed25519PrivateKey.from_private_bytes(b"a key that every test may have..")
TRUST = Trust({key_id(KEY.public_key()): TrustedKey("tests", KEY.public_key())})
"""Opens what :func:`edit` has signed."""


def copy_bundle(folder: Path) -> Path:
    """Return a new folder with a copy of the shipped bundle, signed by the tests' key."""
    shutil.copytree(DEFAULT_BUNDLE, folder)
    sign(folder, KEY)
    return folder


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest and sign it again."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    sign(folder, KEY)


def put(folder: Path, name: str, content: bytes) -> None:
    """Write a file of a bundle and name it in the manifest."""
    (folder / name).write_bytes(content)
    about = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    edit(folder, lambda manifest: manifest["files"].update({name: about}))
