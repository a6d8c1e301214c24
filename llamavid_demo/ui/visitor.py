"""Who has sent a request: which page, and in which language its visitor reads."""

import gradio as gr

from llamavid_demo.ui.language import Language, wanted


def key_of(request: gr.Request) -> str:
    """The page's own key: another tab is another visit."""
    return str(request.session_hash)


def language_of(request: gr.Request) -> Language:
    """The language that the browser asks for."""
    return wanted(request.headers.get("accept-language", ""))


def has_arrived(request: gr.Request) -> bool:
    """Whether the page says that it was told what to show: see stream.js."""
    return bool(request.headers.get("x-arrived"))


def address_of(request: gr.Request) -> str | None:
    """The address that a visitor comes from, where the connection has one."""
    return request.client.host if request.client else None
