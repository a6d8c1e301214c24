"""What a person may be shown when something goes wrong.

Every message says what was wrong, with which value, and what to do. Whatever is not a `DemoError` is a bug.
"""

from llamavid_demo.direction_marks import without_marks

GONE = "That film is no longer here: pick another one, or bring it again."


class DemoError(Exception):
    """A failure whose message can be shown to a person as it stands; names in it turn no direction."""

    def __init__(self, message: str) -> None:
        super().__init__(without_marks(message))


class MovieError(DemoError):
    """A file that cannot be watched: no video in it, damaged, protected, or of a kind that we do not open."""


class PictureError(DemoError):
    """A picture that cannot be looked at: a file of another kind, damaged, or too large."""


class SubtitleError(DemoError):
    """A subtitle file or track that cannot be read."""


class SpeechError(DemoError):
    """Speech that cannot be written down: no sound, or no model that hears."""


class ModelError(DemoError):
    """A model that is unknown, incomplete or does not match its files."""


class UnknownModelError(ModelError):
    """A name that no model on offer has."""


class TooLongError(DemoError):
    """More tokens or bytes than the model or the machine can hold."""


class QuestionError(DemoError):
    """A question that cannot be asked: empty, or another answer is still being written."""


class BusyError(DemoError):
    """More people ask at once than can be answered."""


class CardError(BusyError):
    """A card that the Hub does not lend, for now."""


class ReplicaError(BusyError):
    """Replicas that cannot be started, or that died under an answer again and again."""


class AddressError(DemoError):
    """An address that the page cannot be served on."""


class ClosingError(DemoError):
    """The program is ending: what was asked is not answered, or not to its end."""


class MemoryLimitError(DemoError):
    """Something needs more memory than a device has left for it."""


class DownloadError(DemoError):
    """A file that cannot be fetched: an address that leads nowhere, too large, no room, or other than expected."""


class TooLargeError(DownloadError):
    """A file that is larger than what is taken."""


class NoRoomError(DownloadError):
    """A file that the disk does not take: it is full, or nothing can be written there."""


class SpaceError(DemoError):
    """A Space that cannot be made on the Hub, or not with what was chosen."""


class BenchmarkError(DemoError):
    """A benchmark that cannot be asked: a file of no known layout, clips that are not there, others' answers."""


class TrainingError(DemoError):
    """A training that cannot begin or go on: data of another form, a base that a stage cannot begin with."""
