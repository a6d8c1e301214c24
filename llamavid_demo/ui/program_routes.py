"""Where programs knock beside Gradio's endpoints: `/v1/…` as at OpenAI, and `/mcp`."""

from starlette.routing import BaseRoute, Mount, Route

from llamavid_demo.ui.mcp_tools import McpTools
from llamavid_demo.ui.openai_api import openai_routes
from llamavid_demo.ui.programs import Programs


def routes(programs: Programs) -> list[BaseRoute]:
    """What the page's server answers beside the page."""
    found: list[BaseRoute] = [Mount("/v1", routes=openai_routes(programs))]
    if programs.settings.mcp:
        found.append(Route("/mcp", endpoint=McpTools(programs)))
    return found
