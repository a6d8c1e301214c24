"""What speed and memory are claimed, measured: each figure a ratio against a named baseline of the same run.

`python -m bench` lists the benches and runs them; what they find lies in `results/`.
"""

import llamavid_demo  # noqa: F401 - before PyTorch, whose threads wait here as they do in the program
