"""What can go wrong, one class each; every message says what to do about it."""


class KioskError(Exception):
    """Base of everything the kiosk raises on purpose."""


class SourceError(KioskError, ValueError):
    """A video cannot be read: it is missing, empty, damaged, too large or no video at all."""


class DecoderKilledError(SourceError):
    """Something else ended the process that decodes a video; the video may be good."""


class ReplayError(KioskError, OSError):
    """A replay cannot be written where it was asked for."""


class CameraError(KioskError, OSError):
    """A camera cannot be opened, or has stopped giving pictures."""


class PoseError(KioskError, RuntimeError):
    """The pose model cannot be loaded, or failed while it ran."""


class BundleError(KioskError, ValueError):
    """A model bundle is incomplete, altered or made for another version."""


class SignatureError(BundleError):
    """A model bundle is not signed by anybody this kiosk trusts, or was altered after that."""


class RuntimeMissingError(KioskError, RuntimeError):
    """A runtime cannot be used on this machine: its packages or its GPU are missing."""


class NetworkError(KioskError, RuntimeError):
    """A network failed while it ran."""


class OutsideProfileError(NetworkError):
    """An engine was not built for inputs of this shape; nothing has failed."""


class EngineError(KioskError, RuntimeError):
    """An engine cannot be built, or is not one that may be loaded on this device."""


class SlotError(KioskError, RuntimeError):
    """A slot cannot be filled, switched to or gone back to."""


class FeatureError(KioskError, ValueError):
    """Features cannot be made from this track."""


class ExerciseError(KioskError, ValueError):
    """An exercise's folder is missing, or what it says about itself does not fit together."""


class DatabaseTooNewError(KioskError, RuntimeError):
    """A newer version of the program has changed the database."""


class CueError(KioskError, RuntimeError):
    """A sound cannot be played or spoken on this machine."""


class PinError(KioskError, OSError):
    """A pin of the GPIO header cannot be used."""


class CertificateError(KioskError, ValueError):
    """The certificates for HTTPS are missing, damaged, or cannot be made for this name."""


class SettingsLockedError(KioskError, PermissionError):
    """The settings are locked with a PIN."""


class WrongPinError(KioskError, PermissionError):
    """This is not the PIN."""


class CameraSetupError(KioskError, ValueError):
    """Where the camera is cannot be told from these numbers."""


class PinPauseError(KioskError, PermissionError):
    """Too many wrong PINs; ``seconds`` says for how long nobody may try."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many wrong PINs; try again in {seconds:.0f} s")
        self.seconds = seconds
