"""Starts the page: films are read, the model loads behind it, Gradio serves it. Nothing leaves the machine."""

import logging
import os
from contextlib import suppress
from ipaddress import ip_address

import gradio as gr
import minify
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from llamavid_demo.address import why_not_free
from llamavid_demo.cache_folder import writable
from llamavid_demo.embedded import ROOT, on_zero_gpu
from llamavid_demo.errors import AddressError
from llamavid_demo.film.stored import fetch_films, store
from llamavid_demo.model.allocator import give_back_now_and_then, keep_freed_memory
from llamavid_demo.settings import Settings
from llamavid_demo.ui.api import ask_endpoint
from llamavid_demo.ui.built_files import BuiltFiles
from llamavid_demo.ui.catalogue import bundled_movies
from llamavid_demo.ui.choosing import Choosing
from llamavid_demo.ui.contact_sheet import ContactSheets
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.copying import Copies
from llamavid_demo.ui.export import Saving
from llamavid_demo.ui.few_parts import FewParts
from llamavid_demo.ui.health import Health, health_routes
from llamavid_demo.ui.html_language import HtmlLanguage
from llamavid_demo.ui.labels import labels
from llamavid_demo.ui.login import ProgramsLogin
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.page import TITLE, layout
from llamavid_demo.ui.player import trim
from llamavid_demo.ui.pressing import Pressing
from llamavid_demo.ui.program_routes import routes
from llamavid_demo.ui.programs import Programs
from llamavid_demo.ui.read_ahead import ReadAhead
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.search import Searching
from llamavid_demo.ui.security_headers import HUB, SecurityHeaders
from llamavid_demo.ui.server_log import quieten
from llamavid_demo.ui.sessions import VISITS, Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.stopping import CountStreams, OpenStreams, close, until_signalled, wait_for_signal
from llamavid_demo.ui.subtitle_wiring import wire as wire_subtitles
from llamavid_demo.ui.subtitles import Subtitling
from llamavid_demo.ui.talk_wiring import wire as wire_talk
from llamavid_demo.ui.theme import LittleCinema
from llamavid_demo.ui.upload import Bringing
from llamavid_demo.ui.uploads import Arrivals, Uploads, own_folder
from llamavid_demo.ui.wiring import Wiring

ASSETS = ROOT / "assets"
STYLES = ("page.css", "layout.css", "subtitles.css", "timeline.css")
SCRIPTS = (
    "stream.js",
    "page.js",
    "memory.js",
    "search.js",
    "timeline.js",
    "upload.js",
    "keys.js",
    "share.js",
)
CHINESE_SCRIPT = "gradio_labels.js"  # in Chinese pages alone
DAY = 24 * 60 * 60

log = logging.getLogger(__name__)


def build(settings: Settings, uploads: Uploads) -> tuple[gr.Blocks, Programs, Sessions]:
    """The page, not yet served, what programs may do, and the visits; `uploads` knows what visitors bring.

    Raises `MovieError` when there is no film.
    """
    movies = bundled_movies(settings)
    models = Models(settings)
    first = models.names[0]
    stills = Stills()
    sessions = Sessions(movies, model=first, uploads=uploads, stills=stills)
    programs = Programs(settings, sessions, models)
    talking = Talking(settings, sessions, models, stills)
    screening = Screening(settings, sessions, models, stills, talking)
    choosing = Choosing(sessions, models, screening, talking)
    bringing = Bringing(settings, sessions, models, screening, stills, uploads)
    with FewParts(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(DAY, DAY)) as demo:
        parts = layout(settings, movies, models)
        copies, sheets = Copies(settings, sessions, screening), ContactSheets(settings, sessions, talking)
        wiring = Wiring(parts, sessions, ReadAhead(settings, sessions, models), copies, sheets, programs.pace)
        pressing = Pressing(sessions, screening, talking)
        wiring.arrival(demo, settings, screening, models)
        wiring.choosing(choosing, screening, talking)
        wiring.screening(screening, pressing)
        wiring.searching(Searching(sessions))
        wire_talk(wiring, parts, talking, pressing, Saving(settings, sessions))
        wiring.steering(demo, settings)
        wiring.bringing(bringing, screening)
        wire_subtitles(wiring, parts, Subtitling(settings, sessions, screening), screening)
        asking = {"concurrency_id": "ask", "concurrency_limit": settings.answers_at_once}
        gr.api(ask_endpoint(programs), api_name="ask", **asking)
        gr.api(programs.films, api_name="films", queue=False)
    return demo.queue(max_size=VISITS + settings.queue_length), programs, sessions


def serve(settings: Settings) -> None:
    """Serve the page until a signal ends the process.

    Raises `AddressError` when something else has its address, and `MovieError` when there is no film to show, or
    a store that cannot be opened.
    """
    if reason := why_not_free(settings.host, settings.port):
        raise AddressError(
            f"The page cannot be served on {settings.host}:{settings.port} ({reason}): stop what runs there, or choose "
            "another port (--port, or LLAMAVID_PORT)."
        )
    keep_freed_memory()  # before there are threads: each would take a heap of its own, of which little comes back
    give_back_now_and_then()
    log_to_standard_error()
    if why := reached_by_anybody(settings):
        log.warning(why)
    if on_zero_gpu():
        settings = settings.model_copy(update=_with_lent_card(settings))
    with until_signalled(), writable(settings.cache_dir) as cache, own_folder(cache / "uploads") as folder:
        settings = settings.model_copy(update={"cache_dir": cache})
        if settings.shared_cache:
            store(settings.shared_cache)  # who has mistyped it hears so now
        if settings.movies_url:
            fetch_films(settings.movies_url, settings.fetched_films)
            settings = settings.model_copy(update={"movies": settings.fetched_films})
        run(settings, Uploads(folder, most_bytes=settings.uploads_gb * 1e9))


def _with_lent_card(settings: Settings) -> dict[str, object]:
    """What else is set where a card is lent for one call at a time (ZeroGPU), for which the Hub is made ready.

    Weights wait on the CPU as a card will have them, and nothing is read ahead: that would cost a visitor's quota.
    """
    import spaces  # before torch, in which it stands in for the card  # noqa: F401

    import llamavid_demo.chat.lent_card  # noqa: F401 - the Hub wants to know before the page is served who needs one

    return {"device": "cpu", "dtype": settings.dtype or "float16", "read_ahead": False}


def run(settings: Settings, uploads: Uploads) -> None:
    """Serve the page until something is raised in this thread; then answers end with a sentence."""
    films = settings.movies.resolve()
    files = (settings.cache_dir / "page").resolve()
    files.mkdir(parents=True, exist_ok=True)
    trim(files, int(settings.cache_gb * 1e9))  # while nobody looks at them
    gr.set_static_paths([films, files])
    # Uploads go here and nowhere else; Gradio reads the variable when parts are made.
    os.environ["GRADIO_TEMP_DIR"] = str(uploads.files)
    demo, programs, sessions = build(settings, uploads)
    login = settings.name_and_password
    health, streams = Health(settings, programs.models, uploads), OpenStreams()
    quieten()
    try:
        demo.launch(
            auth=login,
            prevent_thread_lock=True,
            server_name=settings.host,
            server_port=settings.port,
            share=settings.share,
            # A page may follow its model, reading ahead and a copy; each question holds a thread while it waits.
            max_threads=2 * VISITS + settings.answers_at_once + settings.queue_length,
            allowed_paths=[str(films), str(files)],
            max_file_size=int(settings.upload_mb * 1e6),
            state_session_capacity=VISITS,  # Gradio keeps half a megabyte of each page, also of those that were closed
            app_kwargs={
                "middleware": [
                    Middleware(TrustedHostMiddleware, allowed_hosts=settings.reached_as, www_redirect=False),
                    Middleware(SecurityHeaders, framed_by=HUB if os.environ.get("SPACE_ID") else ""),
                    Middleware(BuiltFiles),
                    *([Middleware(ProgramsLogin, login=login)] if login else []),
                    Middleware(CountStreams, streams=streams),
                    Middleware(Arrivals, uploads=uploads),
                    Middleware(HtmlLanguage, script=served(CHINESE_SCRIPT)),
                ],
                "routes": [*health_routes(health), *routes(programs)],
            },
            i18n=labels,
            theme=LittleCinema(),
            css="\n".join(served(name) for name in STYLES),
            head="".join(f"<script>{served(name)}</script>" for name in SCRIPTS),
            favicon_path=ASSETS / "favicon.svg",
            footer_links=["api"],
            ssr_mode=False,
            run_history=False,
            enable_monitoring=False,
            pwa=False,
        )
        wait_for_signal()
    finally:
        close(demo, programs.models, sessions, health, streams)


def log_to_standard_error() -> None:
    """Write a line for each turn, and one for each model that was loaded, whatever else is logged."""
    lines = logging.StreamHandler()
    lines.setFormatter(logging.Formatter("%(message)s"))
    for name in ("llamavid_demo.turns", "llamavid_demo.model.load", __name__):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [lines], False
        logger.setLevel(logging.INFO)


def reached_by_anybody(settings: Settings) -> str:
    """A warning where other machines reach the page without a name and password; "" where they don't."""
    alone = settings.host == "localhost"
    with suppress(ValueError):
        alone = alone or ip_address(settings.host).is_loopback
    if settings.name_and_password or (alone and not settings.share):
        return ""
    place = "Gradio's shared address" if settings.share else f"{settings.host}:{settings.port}"
    return (
        f"Everybody who reaches {place} can ask, bring films and keep this machine busy. "
        "LLAMAVID_LOGIN=name:password asks for both; LLAMAVID_QUESTIONS_AN_HOUR limits each visitor."
    )


def served(name: str) -> str:
    """Text of a style or script as a browser gets it: minified."""
    kind = "text/css" if name.endswith(".css") else "application/javascript"
    shorter: str = minify.string(kind, (ASSETS / name).read_text(encoding="utf-8"))
    return shorter
