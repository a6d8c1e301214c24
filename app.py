"""The web door: `python app.py` serves the page, as a Hugging Face Space does."""

from llamavid_demo.cli.common import told_in_a_line
from llamavid_demo.settings import Settings
from llamavid_demo.ui import serve

if __name__ == "__main__":
    with told_in_a_line():
        serve(Settings())
