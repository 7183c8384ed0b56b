"""A stand-in for TensorRT and pycuda, on machines without a GPU.

Modules ``tensorrt`` (or ``tensorrt_rtx``) and ``pycuda.driver`` with the real names and call
signatures. An engine is an envelope around its ONNX file, and ONNX Runtime calculates. So whatever
uses it proves that the calls are right and what happens when they fail; it proves nothing about
NVIDIA's arithmetic, speed or memory.

It is strict. It plays one version (``8.6``, ``10.3``, ``10.13``, ``10.16``, ``11.4``, ``rtx``) and
has exactly what tests/data/tensorrt_api.json records of that version: any other attribute raises
AttributeError, other arguments raise TypeError. Copies to and from the GPU happen only when the
stream is synchronised (until then an output holds rubbish), memory too small, memory that is not
pinned, two threads in one execution context and calls without the GPU's context raise.

In a test, for the test's own process and every process that it starts::

    def test_it(standin: Standin) -> None:       # the fixture, known to all tests
        standin.play("10.3")                     # is what the fixture begins with
        standin.fault(launch_error=3)            # may be called again while a process runs

Elsewhere, for real processes alone::

    standin = Standin(tmp_path / "standin.json")
    subprocess.run([...], env=os.environ | standin.environment)

The environment is ``PYTHONPATH`` (the folder ``site/`` here) and ``TENSORRT_STANDIN``, the path of
a JSON file: ``{"version": "10.3", "gpu": "Orin", "capability": [8, 7], "faults": {...}}``. The file
is read again whenever it is replaced, so a fault may begin while a process runs. Without the
variable the modules are not there, as on a machine without TensorRT.

Faults, each ``name=value``:

========================== ======================================================================
``no_tensorrt``            the module cannot be imported; ``no_pycuda``, ``no_driver`` likewise
``no_library``             the module is there, the library behind it is not
``no_gpu``                 ``cuda.init`` fails; ``no_devices``: it works and finds none
``out_of_memory``          memory on the GPU cannot be had
``deserialize_none``       an engine is refused; ``context_none``: it has no execution context
``shape_false``            a shape is refused
``address_false``          memory is refused
``execute_false=n``        after n good runs of this process, a run is refused
``execute_raises=n``       after n good runs a run raises RuntimeError
``launch_error=n``         after n good runs the GPU fails, and stays so for this process
``crash=n``                after n good runs the process is killed by SIGSEGV
``hang=n``                 after n good runs one never ends
``slow=seconds``           each run takes so much longer
``wrong=x``                x is added to every output
``nan``                    every output is NaN
``parse_false``            the ONNX file is not understood
``build_none``             building fails; ``build_crash``, ``build_hang`` likewise;
                           ``build_kill``: as the kernel does where memory is short
``build_slow=seconds``     building takes so much longer
``plan={...}``             any of the faults of a run, built into the engines that are built now:
                           they have them wherever they run, other engines do not
========================== ======================================================================
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

SITE: Final = Path(__file__).parent / "site"
VARIABLE: Final = "TENSORRT_STANDIN"
VERSIONS: Final = ("8.6", "10.3", "10.13", "10.16", "11.4", "rtx")


class Standin:
    """Says which version the stand-in plays, and with which faults.

        standin = Standin(tmp_path / "standin.json", "10.3")
        subprocess.run([...], env=os.environ | standin.environment)

    :param file: where to write it down for the processes.
    """

    def __init__(self, file: Path, version: str = "10.3") -> None:
        self._file = file
        self._state: dict[str, Any] = {}
        self.play(version)

    def play(self, version: str, *, gpu: str = "Orin (stand-in)", capability: str = "8.7") -> None:
        """Choose a version and a GPU; a running process keeps the version it began with."""
        self._state |= {"version": version, "gpu": gpu}
        self._state["capability"] = [int(part) for part in capability.split(".")]
        self.fault()

    def fault(self, **faults: Any) -> None:
        """Have exactly these faults from now on; none: all is well."""
        self._state["faults"] = faults
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._state), encoding="utf-8")
        new.replace(self._file)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment."""
        path = os.pathsep.join(filter(None, (str(SITE), os.environ.get("PYTHONPATH"))))
        return {"PYTHONPATH": path, VARIABLE: str(self._file)}
