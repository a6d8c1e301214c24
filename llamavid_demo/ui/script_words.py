"""The words of the page's scripts. They lie in the page, in its visitor's language; `text` in page.js reads them."""

import json

from llamavid_demo.ui.language import catalogue, language, say


def script_words() -> str:
    """JSON: texts by the names under which the scripts ask for them; they fill the `{places}`.

    Under `gradio` stands what Gradio itself says in English only.
    """
    return json.dumps({
        "title": say("A film you can talk with"),
        "film": say("Film"),
        "track": say("Subtitles"),
        "found": say("{count} found"),
        "none": say("nothing found"),
        "of": say("{at} of {all}"),
        "sending": say("Sending {name}"),
        "cancel": say("Cancel"),
        "unsend": say("Cancel sending {name}"),
        "sent": say("{share} % of {size}"),
        "room": say("This server has no room for {name} now: try a smaller file, or come back later."),
        "refused": say("The server did not take {name} ({status}). Try again, or choose another file."),
        "broke": say("The connection broke while {name} was on its way. Choose it again."),
        "gone": say("Cancelled. Nothing was kept of {name}."),
        "large": say("{name} has {size}; this page takes files of up to {most}. Cut it, or make a smaller copy."),
        "unfit": say("{name} does not fit here: choose one of {endings}."),
        "full": say("Take out a file first."),
        "coming": say("The file is still on its way: {share} %. It is opened when it is here."),
        "copied": say("Copied"),
        "copy": say("Copy this:"),
        "yours": say("Only you have this clip"),
        "gradio": catalogue()["gradio"] if language() == "zh-CN" else {},
    })  # fmt: skip
