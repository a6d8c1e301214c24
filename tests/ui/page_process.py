"""The page in a process of its own, forked from one that has imported Gradio and PyTorch: that takes seconds.

Nothing that starts threads when imported may be among the imports here, as a fork has none of them: `llamavid_demo.ui`
imports `minify`, which does.
"""

import os
import runpy
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import gradio  # noqa: F401

import llamavid_demo.chat.scheduler
import llamavid_demo.model.load  # noqa: F401
from llamavid_demo.settings import ROOT


def run_page(environment: dict[str, str], output: Connection, log: Path) -> None:
    """Run `app.py` with variables in its environment; `output` and `log` get what it prints and logs.

    With `FORGET` among them, pages that were closed are forgotten after so many seconds instead of half a minute.
    """
    os.environ.update(environment)
    sys.path[:0] = environment.get("PYTHONPATH", "").split()
    os.dup2(output.fileno(), sys.stdout.fileno())
    with log.open("wb") as errors:
        os.dup2(errors.fileno(), sys.stderr.fileno())
    sys.stdout.reconfigure(line_buffering=True)
    if seconds := environment.get("FORGET"):
        from llamavid_demo.ui import sessions

        sessions.LINGER = float(seconds)
    sys.argv = ["app.py"]
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
