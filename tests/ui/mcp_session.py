"""A session of the official MCP client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client


@asynccontextmanager
async def session(url: str) -> AsyncIterator[ClientSession]:
    """With the tools of the page at `url`."""
    async with (
        streamable_http_client(f"{url.rstrip('/')}/mcp") as (reading, writing, _),
        ClientSession(reading, writing) as client,
    ):
        await client.initialize()
        yield client
