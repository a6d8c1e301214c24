"""What Gradio itself draws once for all visitors: labels, placeholders, buttons. The browser chooses their language."""

import gradio as gr

from llamavid_demo.ui.language import catalogue

_TEXTS = catalogue()["labels"]
# Gradio looks a text up by what we give it: here the English text itself.
labels = gr.I18n(en={text: text for text in _TEXTS}, **{"zh-CN": _TEXTS})
