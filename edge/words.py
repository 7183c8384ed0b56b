"""What the station says to the gym-goer, in English and Korean, by code."""

from __future__ import annotations

from typing import Final

from edge.exercise import Text

GUIDANCE: Final[dict[str, Text]] = {
    "nobody": Text(en="Stand in front of the camera", ko="카메라 앞에 서 주세요"),
    "not_alone": Text(en="One person at a time", ko="한 명만 서 주세요"),
    "step_left": Text(en="Step to your left", ko="왼쪽으로 가 주세요"),
    "step_right": Text(en="Step to your right", ko="오른쪽으로 가 주세요"),
    "too_close": Text(en="Step back", ko="뒤로 가 주세요"),
    "hidden": Text(en="Show your whole body", ko="온몸이 보이게 서 주세요"),
    "too_far": Text(en="Come closer", ko="앞으로 오세요"),
    "turned": Text(en="Turn to the camera", ko="카메라를 바라봐 주세요"),
    "moving": Text(en="Stand still", ko="가만히 서 주세요"),
}
"""Each condition of the positioning gate, as an order: what to do, not what is wrong."""

HOLD: Final = Text(en="Hold it", ko="그대로!")
"""What the gate says once everything is as it should be."""

PICTURES: Final[dict[str, Text]] = {
    "black": Text(
        en="The camera sees nothing. Is something in front of it?",
        ko="카메라에 아무것도 안 보여요. 앞을 가리지 않았나요?",
    ),
    "dark": Text(
        en="Too dark to see you. Please turn on more light.",
        ko="너무 어두워서 안 보여요. 불을 더 켜 주세요.",
    ),
    "frozen": Text(
        en="The picture stands still. Please tell the staff to plug the camera in again.",
        ko="화면이 멈췄어요. 카메라를 다시 꽂도록 직원에게 알려 주세요.",
    ),
}
"""What is wrong with the camera's picture, and what to do; said until it is well again."""

MESSAGES: Final[dict[str, Text]] = {
    "camera_lost": Text(
        en="The camera was lost. Please start again.",
        ko="카메라 연결이 끊겼어요. 다시 시작해 주세요.",
    ),
    "disk_full": Text(
        en="The kiosk has no room for recordings. Please tell the staff.",
        ko="저장 공간이 부족해서 녹화할 수 없어요. 직원에게 알려 주세요.",
    ),
    "failed": Text(
        en="Something went wrong. Please start again.",
        ko="문제가 생겼어요. 다시 시작해 주세요.",
    ),
    "left": Text(
        en="Nobody was in the picture. Please start again.",
        ko="화면에 아무도 없었어요. 다시 시작해 주세요.",
    ),
    "not_placed": Text(
        en="That took too long. Please start again.",
        ko="시간이 너무 오래 걸렸어요. 다시 시작해 주세요.",
    ),
    "not_seen": Text(
        en="The camera could not see you. Please start again.",
        ko="카메라가 볼 수 없었어요. 다시 시작해 주세요.",
    ),
    "slow": Text(
        en="The result took too long. Please start again.",
        ko="결과가 너무 늦어졌어요. 다시 시작해 주세요.",
    ),
}
"""Why the station is idle again without a result."""
