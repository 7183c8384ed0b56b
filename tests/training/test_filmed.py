"""What a camera and an encoding do to drawn pictures."""

import numpy as np
import pytest

pytest.importorskip("cv2")

from training.synthetic.filmed import Film, filmed, sample_film


def bar(column: int) -> np.ndarray:
    """Return a grey picture with a white bar."""
    picture = np.full((96, 128, 3), 90, np.uint8)
    picture[:, column : column + 12] = (240, 230, 220)
    return picture


@pytest.mark.parametrize("codec", ["jpeg", "h264"])
def test_every_picture_arrives_in_its_turn(codec: str) -> None:
    film = Film(0.5, 2.0, codec, 80 if codec == "jpeg" else 23)  # type: ignore[arg-type]
    sent = [bar(5 * number) for number in range(20)]
    arrived = list(filmed(sent, film, np.random.default_rng(0)))
    assert [picture.shape for picture in arrived] == [picture.shape for picture in sent]
    for one, other in zip(sent, arrived, strict=True):
        bars = [int(picture[..., 1].sum(axis=0).argmax()) for picture in (one, other)]
        assert abs(bars[0] - bars[1]) <= 12
        assert 0.5 < np.abs(one.astype(int) - other).mean() < 10


def test_colours_are_not_exchanged() -> None:
    red = np.full((96, 128, 3), (200, 40, 60), np.uint8)
    for film in (Film(0.5, 1.0, "jpeg", 90), Film(0.5, 1.0, "h264", 20)):
        (arrived,) = filmed([red], film, np.random.default_rng(0))
        np.testing.assert_allclose(arrived.mean(axis=(0, 1)), (200, 40, 60), atol=8)


def test_the_noise_differs_from_picture_to_picture_and_the_seed_repeats_it() -> None:
    film = Film(0.3, 3.0, "jpeg", 92)
    first, second = filmed([bar(50)] * 2, film, np.random.default_rng(4))
    again = next(iter(filmed([bar(50)], film, np.random.default_rng(4))))
    assert np.abs(first.astype(int) - second).mean() > 1
    np.testing.assert_array_equal(first, again)


def test_no_pictures_are_no_pictures() -> None:
    rng = np.random.default_rng(0)
    films = [sample_film(rng) for _ in range(20)]
    assert {film.codec for film in films} == {"jpeg", "h264"}
    assert all(not list(filmed([], film, rng)) for film in films)
