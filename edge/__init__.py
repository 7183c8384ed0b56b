"""The device part of the squat kiosk: from frames to a verdict, with no web code.

from edge.api import open_estimator, score_video
assessment = score_video("squat.mp4")
print(assessment.verdict, assessment.score)
"""

__version__ = "0.1.0"
