"""The maintainer's PIN: kept as a salted scrypt digest, with growing pauses after wrong tries."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from time import monotonic
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from edge.errors import PinPauseError, SettingsLockedError

PIN: Final = re.compile(r"[0-9]{4,12}")

COST: Final = {"n": 2**14, "r": 8, "p": 1}
"""scrypt: about 50 ms and 16 MB for each try."""

FREE_TRIES: Final = 3
"""Wrong tries without a pause: a finger slips."""

FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 600.0
"""Seconds; each further wrong try doubles the pause. 10,000 PINs take two months so."""

OPEN_SECONDS: Final = 120.0
"""For so long the right PIN opens the settings."""


class KeptPin(BaseModel):
    """A PIN as it is kept.

    :param salt: 16 random bytes, hexadecimal.
    :param digest: of salt and PIN, hexadecimal.
    :param wrong: wrong tries since the last right one; kept, so that a restart frees nobody.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    salt: str = Field(pattern="^[0-9a-f]{32}$")
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    wrong: int = Field(default=0, ge=0)

    @classmethod
    def of(cls, pin: str) -> KeptPin:
        """Return a new PIN.

        :raises ValueError: it is not 4 to 12 digits.
        """
        if not PIN.fullmatch(pin):
            raise ValueError("a PIN is 4 to 12 digits")
        salt = secrets.token_bytes(16)
        return cls(salt=salt.hex(), digest=_digest(pin, salt))

    def matches(self, pin: str) -> bool:
        """Tell whether this is the PIN."""
        return hmac.compare_digest(_digest(pin, bytes.fromhex(self.salt)), self.digest)


def _digest(pin: str, salt: bytes) -> str:
    # Halves of characters, which JSON can hold, are no reason to fall over.
    return hashlib.scrypt(pin.encode(errors="surrogatepass"), salt=salt, dklen=32, **COST).hex()


def pause_after(wrong: int) -> float:
    """Return how long nobody may try after so many wrong tries, in seconds."""
    if wrong < FREE_TRIES:
        return 0.0
    return float(min(FIRST_PAUSE * 2.0 ** min(wrong - FREE_TRIES, 20), LONGEST_PAUSE))


class PinDoor:
    """Opens for a while to whoever knows the PIN.

        door = PinDoor(kept)
        door.try_pin("2468")
        door.is_open

    :param pin: None: there is no PIN and the door is always open.
    :param clock: seconds that only grow.
    """

    def __init__(self, pin: KeptPin | None, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._open_until = 0.0
        # After a restart the pause begins anew: the clock does not say how long it was off.
        self._next_try = clock() + pause_after(pin.wrong if pin else 0)
        self.pin = pin

    @property
    def is_open(self) -> bool:
        """Tell whether the settings may be changed now."""
        return self.pin is None or self._clock() < self._open_until

    @property
    def pause(self) -> float:
        """How many seconds are left until somebody may try again."""
        return max(0.0, self._next_try - self._clock()) if self.pin else 0.0

    def check(self) -> None:
        """Let through whoever may change the settings.

        :raises SettingsLockedError: the door is closed.
        """
        if not self.is_open:
            raise SettingsLockedError("the settings are locked; enter the PIN first")

    def try_pin(self, pin: str) -> bool:
        """Try a PIN; whatever the answer, ``pin`` is then to be kept.

        :raises PinPauseError: too many wrong tries; nothing was tried.
        """
        if self.pin is None:
            return True
        if self.pause:
            raise PinPauseError(self.pause)
        right = self.pin.matches(pin)
        self.pin = self.pin.model_copy(update={"wrong": 0 if right else self.pin.wrong + 1})
        self._next_try = self._clock() + pause_after(self.pin.wrong)
        self._open_until = self._clock() + OPEN_SECONDS if right else 0.0
        return right

    def close(self) -> None:
        """Close the door at once."""
        self._open_until = 0.0
