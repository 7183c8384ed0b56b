"""The device part of the squat kiosk: from frames to a verdict, with no web code.

session = ScoringSession(BlazePose().open_stream(), Classifier.load())
session.push_all(SandboxedVideo("squat.mp4"))
print(session.finish().verdict)
"""

__version__ = "0.1.0"
