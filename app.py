"""The web door: `python app.py` serves the page, as a Hugging Face Space does; it takes what `serve` takes."""

import sys

from llamavid_demo.__main__ import app
from llamavid_demo.cli.common import told_in_a_line

if __name__ == "__main__":
    with told_in_a_line():
        app(["serve", *sys.argv[1:]])
