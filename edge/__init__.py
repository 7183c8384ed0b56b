"""The device part of the squat kiosk: from frames to a verdict, with no web code.

session = ScoringSession(BlazePose().open_stream(), Classifier.load())
session.push_all(SandboxedVideo("squat.mp4"))
print(session.finish().verdict)
"""

import os

__version__ = "0.1.0"

# From 1.29 on, ONNX Runtime's packages tell Microsoft over the internet what they run; only this,
# before the library is loaded, keeps them from it altogether.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
