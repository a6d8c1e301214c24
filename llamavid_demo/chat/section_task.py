"""A task's way through a section: the memory that it needs, what is read of it, what it gives back."""

from llamavid_demo.chat.ledger import Bytes, added
from llamavid_demo.chat.prefixes import SharedPrefix
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.section_reader import View
from llamavid_demo.chat.sizes import activation_bytes
from llamavid_demo.chat.task import Priority, Steps
from llamavid_demo.errors import MemoryLimitError
from llamavid_demo.film.sections import clock
from llamavid_demo.model.plan import GIB
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.section_frames import SectionFrames


class SectionTask:
    """Reads a section as a guide question sees it: what reading ahead does, and what a turn begins with."""

    def __init__(self, view: View, guide: str) -> None:
        self.view, self.reader, self.guide = view, view.reader, guide
        self.ledger = view.reader.prefixes.ledger
        self.shared: SharedPrefix | None = None

    @property
    def extra(self) -> Bytes:
        """Bytes that it needs besides those of the section."""
        model, words = self.reader.model, self.reader.overview_tokens
        return {model.device: activation_bytes(model, len(self.reader.prompt.ids), words=words)}

    def check(self) -> None:
        """Raises `MemoryLimitError` when there would be no room even if everything left that can."""
        needed = added(self.reader.nbytes, self.extra)
        device = self.ledger.lacks(needed)
        if device is not None:
            most, encoded = self.ledger.free(device, at_most=True) or 0, self.reader.encoded
            raise MemoryLimitError(
                f"This section of {clock(len(encoded.times))} needs {needed[device] / GIB:.2f} GiB beside the model, "
                f"and {max(0, most) / GIB:.2f} GiB are left for it: choose shorter sections (LLAMAVID_SECTION_MINUTES)."
            )

    def admit(self) -> bool:
        """Take the memory; False when there is no room now."""
        with self.ledger.lock:
            if not self.ledger.admit(self, self.extra):
                return False
            self.shared = self.reader.take(self.guide)
            if self.shared is None:
                self.ledger.release(self)
            return self.shared is not None

    @property
    def prefix(self) -> Prefix:
        """The section's keys and values."""
        return self._admitted.prefix

    def read(self) -> Steps[SectionFrames]:
        """Steps that read what is missing; the section's frames."""
        return (yield from self.reader.read(self._admitted, self.guide, whole=self.whole))

    @property
    def whole(self) -> bool:
        """Whether all of the section may be known."""
        return self.view.visible == len(self.reader.prompt.ids)

    @property
    def _admitted(self) -> SharedPrefix:
        if self.shared is None:
            raise RuntimeError("A section is read only when its memory was admitted.")
        return self.shared

    def steps(self) -> Steps[None]:
        """Read the section and no more, whatever it waits for."""
        for step in self.read():
            if not isinstance(step, Priority):
                yield step

    def others_progress(self) -> list[Progress]:
        """How far the section has come while a question takes the steps of its reading."""
        shared = self.shared  # the scheduler's thread may release it at any time
        return [shared.told] if shared and shared.told else []

    def release(self) -> None:
        """Give the memory back; what was read stays for others as long as there is room."""
        if self.shared is not None:
            self.reader.prefixes.give_back(self.shared)
        self.shared = None
        self.ledger.release(self)
