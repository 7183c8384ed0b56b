"""What the kiosk's screen says, in English and Korean; the page shows the device's language."""

from __future__ import annotations

from typing import Final

from edge.exercise import Text

SCREEN: Final[dict[str, Text]] = {
    "settings": Text(en="Settings", ko="설정"),
    "reconnecting": Text(en="Reconnecting…", ko="다시 연결하는 중…"),
    "no_picture": Text(en="No picture yet", ko="아직 화면이 없어요"),
    "one_moment": Text(en="One moment", ko="잠시만요"),
    "starting": Text(en="The kiosk is starting.", ko="키오스크를 준비하고 있어요."),
    "step_stand": Text(
        en="Stand back: <strong>head to feet</strong> in the picture",
        ko="<strong>머리부터 발끝까지</strong> 보이게 뒤로 서세요",
    ),
    "step_start": Text(
        en="Press Start, or <strong>raise one arm</strong> for a second",
        ko="시작을 누르거나 <strong>한 팔을 1초간</strong> 드세요",
    ),
    "step_squat": Text(
        en="Squat <strong>until the sound</strong>", ko="<strong>소리가 날 때까지</strong> 스쿼트"
    ),
    "start": Text(en="Start", ko="시작"),
    "stop": Text(en="Stop", ko="그만"),
    "start_anyway": Text(en="Start anyway", ko="그냥 시작"),
    "no_camera": Text(en="No camera picture", ko="카메라 화면이 없어요"),
    "tell_staff": Text(en="Please tell the staff.", ko="직원에게 알려 주세요."),
    "get_ready": Text(
        en="Ready.<br><em>Squat at the sound</em>", ko="준비!<br><em>소리가 나면 스쿼트</em>"
    ),
    "seconds_left": Text(en="seconds left", ko="초 남음"),
    "looking": Text(en="Looking at<br>your <em>squats</em>", ko="스쿼트를<br><em>보고 있어요</em>"),
    "relax": Text(en="You can relax now.", ko="이제 쉬어도 돼요."),
    "hold": Text(en="Hold it", ko="그대로!"),
    "check_body": Text(en="Whole body", ko="온몸"),
    "check_distance": Text(en="Distance", ko="거리"),
    "check_facing": Text(en="Facing here", ko="정면"),
    "check_still": Text(en="Standing still", ko="가만히"),
    "check_alone": Text(en="Alone", ko="혼자"),
    "close": Text(en="Close", ko="닫기"),
    "recording": Text(en="Recording", ko="녹화 중"),
    "recording_time": Text(en="Recording time", ko="녹화 시간"),
    "seconds": Text(en="seconds", ko="초"),
    "difficulty": Text(en="Difficulty", ko="난이도"),
    "good_from": Text(en="good from", ko="합격 기준"),
    "points": Text(en="points", ko="점"),
    "easy": Text(en="Easy", ko="쉬움"),
    "hard": Text(en="Hard", ko="어려움"),
    "volume": Text(en="Volume", ko="음량"),
    "no_sound": Text(en="No sound", ko="소리 끄기"),
    "word_after_squat": Text(en="A word after a squat", ko="스쿼트마다 한마디"),
    "voice": Text(en="Voice", ko="음성"),
    "saved": Text(en="Saved", ko="저장했어요"),
    "not_saved": Text(en="Not saved. Try again.", ko="저장하지 못했어요. 다시 해 주세요."),
    "locked": Text(en="Locked by the staff", ko="직원이 잠갔어요"),
    "enter_pin": Text(en="Enter the PIN to change something.", ko="바꾸려면 PIN을 입력하세요."),
    "pin_wrong": Text(en="This is not the PIN.", ko="PIN이 맞지 않아요."),
    "pin_pause": Text(
        en="Too many wrong PINs. Wait a moment.", ko="PIN을 여러 번 틀렸어요. 잠시 기다려 주세요."
    ),
    "unlock": Text(en="Unlock", ko="잠금 해제"),
    "delete": Text(en="Delete", ko="지우기"),
    "how": Text(en="How is<br>your <em>squat?</em>", ko="내 <em>스쿼트</em><br>어떨까?"),
}
"""By name. Some hold mark-up of our own: none comes from outside."""
