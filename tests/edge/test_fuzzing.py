"""Damaged videos and pictures in the real children: nothing crashes, hangs, or stays behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.edge.fuzzing import child_processes, fuzz, fuzz_stills, open_descriptors
from tests.edge.mutations import FILES, make_corpus, mutation, parts

LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("files", [40, pytest.param(4000, marks=LONG)])
def test_a_damaged_video_is_frames_or_an_error_in_words(files: int) -> None:
    descriptors, children = open_descriptors(), child_processes()
    counts = fuzz(range(7000, 7000 + files))
    assert counts.bad == {}
    assert sum(counts.ends.values()) == files
    assert counts.ends["frames"] and counts.ends["error"]  # both happen: the damage is no noise
    # What others had left before may have ended meanwhile.
    assert open_descriptors() <= descriptors
    assert set(child_processes()) <= set(children)


@pytest.mark.parametrize("files", [200, pytest.param(20_000, marks=LONG)])
def test_a_damaged_picture_is_a_picture_or_refused(files: int) -> None:
    descriptors = open_descriptors()
    ends = fuzz_stills(range(files))
    assert ends["children"] == 1  # none of them ended the child
    assert ends["picture"] and ends["the picture could not be decoded"]
    assert open_descriptors() <= descriptors


def test_the_same_seed_makes_the_same_file(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path)
    assert {"h264.mp4", "hevc.mp4", "vp9.webm", "mpeg4.avi", "film.gif"} <= set(corpus)
    assert len(corpus) >= len(FILES) - 2  # an encoder may be missing in another build
    for number in range(30):
        assert mutation(corpus, number) == mutation(corpus, number)
    for name in ("h264.mp4", "vp8.webm", "mpeg4.avi"):
        assert len(parts(name, corpus[name])) > 15
