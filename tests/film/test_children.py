"""No ffmpeg outlives the server that started it, and none is killed for the end of a thread."""

import os
import select
import subprocess
import sys
import threading

import ffmpeg
import pytest

from llamavid_demo.film.ffmpeg_commands import start_ffmpeg

PATIENCE = 30_000  # milliseconds
ENDLESS = """
import ffmpeg, subprocess, threading
from llamavid_demo.film.ffmpeg_commands import start_ffmpeg

endless = ffmpeg.input("testsrc=size=64x36:rate=5", format="lavfi", re=None).output("/dev/null", format="null")
child = start_ffmpeg(endless.global_args("-progress", "pipe:1"), stdout=subprocess.PIPE)
child.stdout.readline()  # it runs
print(child.pid, flush=True)
threading.Event().wait()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux can end children with their parent")
def test_ffmpeg_ends_with_a_server_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            child = int(server.stdout.readline())
            watched = os.pidfd_open(child)
        finally:
            server.kill()
    try:
        ended = select.poll()
        ended.register(watched, select.POLLIN)
        gone = ended.poll(PATIENCE)
        if not gone:
            os.kill(child, 9)
        assert gone
    finally:
        os.close(watched)


def test_ffmpeg_outlives_the_thread_that_asked_for_it() -> None:
    film = ffmpeg.input("testsrc=size=64x36:rate=5:duration=1", format="lavfi", re=None)
    short = film.output("pipe:", format="rawvideo", pix_fmt="gray")
    started: list[subprocess.Popen[bytes]] = []

    def ask() -> None:
        started.append(start_ffmpeg(short, stdout=subprocess.PIPE))
        assert started[0].stdout is not None
        started[0].stdout.read(1)  # it runs

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    assert len(started[0].communicate()[0]) == 5 * 64 * 36 - 1
    assert started[0].returncode == 0
