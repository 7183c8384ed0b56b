"""Memory that the process no longer uses, given back to the system."""

from __future__ import annotations

import ctypes
import gc


def give_back_memory() -> bool:
    """Give back what nobody uses any more; False where the C library cannot.

        give_back_memory()

    An encoder that is part of a cycle of Python's objects stays until the collector looks, and
    glibc keeps what lies free between what is in use: which of that is found again depends on
    which threads come when, so that the process would get larger with each new pattern. It takes
    some milliseconds, if :func:`gc.freeze` was called for what stays.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
