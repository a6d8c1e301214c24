"""Gradio's endpoints for programs, `/films` and `/ask`: the same as `Programs`, with errors as Gradio tells them."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Any

import gradio as gr

from llamavid_demo.errors import DemoError
from llamavid_demo.ui.programs import Programs, Reports
from llamavid_demo.ui.visitor import address_of


def ask_endpoint(programs: Programs) -> Callable[..., Reports]:
    """The function behind `/ask`.

    After every report Gradio looks whether the caller is still there, and closes the generator when not, which stops
    the computation.
    """

    @wraps(programs.ask)
    def ask(request: gr.Request, *arguments: Any, **named: Any) -> Reports:
        try:
            programs.pace.question(address_of(request))
            yield from programs.ask(*arguments, **named)
        except DemoError as error:
            raise gr.Error(str(error), print_exception=False) from error

    # Gradio gives the request to whoever has a parameter of that type, and leaves it out of the documentation.
    known = signature(programs.ask)
    asking = Parameter("request", Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    ask.__signature__ = known.replace(parameters=[asking, *known.parameters.values()])  # type: ignore[attr-defined]
    ask.__annotations__ = {"request": gr.Request, **programs.ask.__annotations__}
    return ask
