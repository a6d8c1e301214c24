"""Starts the page: films are read, the model loads behind it, Gradio serves it. Nothing leaves the machine."""

import logging
import os
from pathlib import Path

import gradio as gr

from llamavid_demo.settings import ROOT, Settings
from llamavid_demo.ui.api import ask_endpoint
from llamavid_demo.ui.catalogue import bundled_movies
from llamavid_demo.ui.choosing import Choosing
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.page import TITLE, layout
from llamavid_demo.ui.read_ahead import ReadAhead
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.sessions import VISITS, Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.theme import LittleCinema
from llamavid_demo.ui.upload import Bringing
from llamavid_demo.ui.wiring import Wiring

ASSETS = ROOT / "assets"
STYLES = ("page.css", "layout.css")
SCRIPTS = ("page.js", "keys.js")
DAY = 24 * 60 * 60

log = logging.getLogger(__name__)


def build(settings: Settings) -> gr.Blocks:
    """The page, not yet served. Raises `MovieError` when there is no film to show."""
    movies = bundled_movies(settings)
    models = Models(settings)
    first = models.names[0]
    sessions = Sessions(movies, model=first, uploads=uploads_folder(settings))
    stills = Stills()
    talking = Talking(settings, sessions, models, stills)
    screening = Screening(settings, sessions, models, stills, talking)
    choosing = Choosing(sessions, models, screening, talking)
    bringing = Bringing(settings, sessions, models, screening)
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(DAY, DAY)) as demo:
        parts = layout(settings, movies, models.names, models[first].state())
        wiring = Wiring(parts, ReadAhead(settings, sessions, models))
        wiring.arrival(demo, sessions, screening)
        wiring.choosing(demo, choosing, screening, talking)
        wiring.screening(screening)
        wiring.talking(talking)
        wiring.bringing(bringing, screening)
        asking = {"concurrency_id": "ask", "concurrency_limit": settings.answers_at_once}
        gr.api(ask_endpoint(sessions, models[first]), api_name="ask", **asking)
    return demo.queue(max_size=VISITS + settings.queue_length)


def uploads_folder(settings: Settings) -> Path:
    """Where Gradio keeps what visitors bring."""
    return (settings.cache_dir / "uploads").resolve()


def serve(settings: Settings) -> None:
    """Serve the page until the process ends. Raises `MovieError` when there is no film to show."""
    films = settings.movies.resolve()
    files = (settings.cache_dir / "page").resolve()
    files.mkdir(parents=True, exist_ok=True)
    # Uploads go here and nowhere else; Gradio reads the variable when parts are made.
    os.environ["GRADIO_TEMP_DIR"] = str(uploads_folder(settings))
    gr.set_static_paths([films, files])
    build(settings).launch(
        server_name=settings.host,
        server_port=settings.port,
        share=settings.share,
        # Each open page may follow its model and reading ahead; each question holds a thread while it waits.
        max_threads=2 * VISITS + settings.answers_at_once + settings.queue_length,
        allowed_paths=[str(films), str(files)],
        max_file_size=int(settings.upload_mb * 1e6),
        theme=LittleCinema(),
        css="\n".join(_asset(name) for name in STYLES),
        head="".join(f"<script>{_asset(name)}</script>" for name in SCRIPTS),
        favicon_path=ASSETS / "favicon.svg",
        footer_links=[],
        ssr_mode=False,
        run_history=False,
        enable_monitoring=False,
        pwa=False,
    )


def _asset(name: str) -> str:
    return Path(ASSETS / name).read_text(encoding="utf-8")
