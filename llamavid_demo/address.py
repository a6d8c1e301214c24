"""Where the page is served: whether nobody else has that address."""

import socket


def why_not_free(host: str, port: int) -> str:
    """Why nothing can be served on that port of a host; "" if something can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host.strip("[]"), port))
        except OSError as error:
            return error.strerror or str(error)
    return ""
