"""docs/security.md and the tests: each that it names is there, and each attack stands in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.clips import ROOT

PAGE = (ROOT / "docs/security.md").read_text()
ATTACKS = sorted((ROOT / "tests/kiosk_ui").glob("test_attacks*.py"))


def names_in(file: Path) -> set[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse(file.read_text())
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def named() -> set[str]:
    """Return every test that the page names; one that ends in an ellipsis stands for several."""
    return set(re.findall(r"`(?:[\w/]*\.py)?(?:::)?(test_\w+?(?:_\.\.\.)?)`", PAGE))


def test_every_test_that_the_page_names_is_there() -> None:
    every = {name for file in (ROOT / "tests").rglob("test_*.py") for name in names_in(file)}
    assert len(named()) > 50
    for name in named():
        begins = name.removesuffix("...")
        assert name in every or (begins != name and any(t.startswith(begins) for t in every)), name


def test_every_file_that_the_page_names_is_there() -> None:
    files = {file.name for file in (ROOT / "tests").rglob("*.py")}
    assert set(re.findall(r"(test_\w+\.py)", PAGE)) <= files


def test_every_attack_stands_in_the_page() -> None:
    begins = tuple(name.removesuffix("...") for name in named() if name.endswith("..."))
    for file in ATTACKS:
        assert not {t for t in names_in(file) if t not in named() and not t.startswith(begins)}
