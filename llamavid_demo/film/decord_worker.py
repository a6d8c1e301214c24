"""A process of its own in which decord reads pictures, since decord may hang for ever in a damaged file.

Started by `decord_frames`. Takes one JSON argument, writes frames as raw bytes to its standard output, one a second of
the movie, and ends when it is done, when it fails, or when its standard input closes: that is, with its parent.

decord 0.6.0 is read only in ways in which its numbering of frames can be trusted. Its jumps between key frames count
in decoding order and its timestamps in order of display; the two differ in open groups of pictures (the default of
x265), and so it lands some frames off (https://github.com/dmlc/decord/pull/78). So it goes forward without jumps, and
at most once, at the start, to a key frame of which the parent knows that nothing after it is shown before it.
"""

import os
import resource
import sys
import threading
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import decord
import numpy as np

from llamavid_demo.film.decord_order import Order, from_json
from llamavid_demo.film.frame_format import resize_frame


class UntrustedError(Exception):
    """decord's own account of the file shows that its numbering of frames cannot be right."""


class ForwardReader:
    """A decord reader that goes forward frame by frame and knows the timestamp of each."""

    def __init__(self, order: Order) -> None:
        self._reader = decord.VideoReader(order.path, num_threads=order.threads)
        self._count = len(self._reader)
        since_first = self._reader.get_frame_timestamp(range(self._count))[:, 0].astype(np.float64)
        if not (abs(since_first[0]) <= order.tolerance and np.all(np.diff(since_first) > 0)):
            raise UntrustedError("the timestamps of the frames do not rise from the first")
        self.times: list[float] = (since_first + order.first).tolist()
        self._keys: Sequence[int] = self._reader.get_key_indices()
        self._at = 0  # the frame that comes next
        self._landed = False  # just after a jump decord keeps one picture back, and skipping would not pass it

    def jump(self, time: float, *, tolerance: float) -> None:
        """Go to the key frame at `time`, which must be followed only by frames shown after it."""
        frame = bisect_right(self.times, time + tolerance) - 1
        if frame not in self._keys or abs(self.times[frame] - time) > 2 * tolerance:
            raise UntrustedError(f"there is no key frame at {time} s")
        self._reader.seek_accurate(frame)
        self._at, self._landed = frame, True

    def read(self, frame: int) -> np.ndarray:
        """The picture of `frame`, `(H, W, 3)` uint8; frames must be asked for in order."""
        while self._at < frame:
            after = bisect_right(self._keys, self._at)
            key = self._keys[after] if after < len(self._keys) else self._count
            # decord jumps when told to skip past a key frame, so that one is read like any other
            skip = 0 if self._landed else min(frame, key - 1) - self._at
            if skip > 0:
                self._reader.skip_frames(skip)
                self._at += skip
            else:
                self._next()
        return self._next()

    def _next(self) -> np.ndarray:
        picture: np.ndarray = self._reader.next().asnumpy()
        self._at, self._landed = self._at + 1, False
        return picture


def serve(order: Order, output: BinaryIO) -> None:
    """Write the frames of `order` to `output`, each `format.height * format.width * 3` bytes.

    A frame is resized and written while the next one is decoded.
    """
    reader = ForwardReader(order)
    if order.key is not None:
        reader.jump(order.key, tolerance=order.tolerance)
    shown, pixels = -1, b""

    def write(picture: np.ndarray | None) -> None:
        nonlocal pixels
        if picture is not None:
            pixels = resize_frame(picture, order.format, display=order.display).tobytes()
        output.write(pixels)
        output.flush()

    with ThreadPoolExecutor(1) as writing:
        written: Future[None] | None = None  # the frame before
        for second in range(order.count):
            frame, picture = max(0, bisect_right(reader.times, order.begin + second + order.tolerance) - 1), None
            if frame != shown:
                picture, shown = reader.read(frame), frame
                if picture.shape[1::-1] != order.stored:
                    raise UntrustedError(f"a picture has the size {picture.shape[1::-1]}, not {order.stored}")
            if written:
                written.result()
            written = writing.submit(write, picture)
        if written:
            written.result()


def _end_with_parent() -> None:
    """Wait for the standard input to close, then leave at once, whatever decord is doing."""
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    """Serve the order given as the only argument."""
    # What libraries print must not end up among the pixels.
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    decord.logging.set_level(decord.logging.QUIET)
    code = 0
    try:
        order = from_json(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_DATA, (order.memory, order.memory))
        serve(order, output)
    except (UntrustedError, decord.DECORDError, RuntimeError, StopIteration, MemoryError) as error:
        print(str(error).strip().partition("\n")[0], file=sys.stderr)
        code = 1
    except BrokenPipeError:
        code = 1
    sys.stderr.flush()
    os._exit(code)  # decord's destructors wait for its threads, which may hang


if __name__ == "__main__":
    main()
