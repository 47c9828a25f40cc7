"""Requests of strangers: what a web page makes a browser send. Both services refuse them.

Nobody logs in here, so whoever gets a request through may do everything; listening on loopback keeps other
machines out, but not the pages that a browser on this machine shows. A page of another origin is known by the
headers Origin and Sec-Fetch-Site, which no script can change; a page that makes its own host's name resolve
to 127.0.0.1 (DNS rebinding) is known by the header Host. No answer carries CORS headers.
Sources: https://developer.mozilla.org/docs/Web/HTTP/Headers/Origin and .../Sec-Fetch-Site (2026-11-26).
"""

import json
from urllib.parse import urlsplit

from bqml_emulator.core.config import Config

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
OWN_SITES = {"same-origin", "none"}  # none: a person typed the address


def _host(netloc: str) -> str | None:
    """The name in `name:port`, without brackets; None when it is neither."""
    try:
        parts = urlsplit(f"//{netloc}")
        parts.port  # noqa: B018  raises for what is no port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == netloc and "@" not in netloc else None


class Guard:
    """ASGI middleware: 403 for a request that a page of another origin has sent.

    `navigable`: a person may follow a link to here from any page, if all that it does is show an object.
    """

    def __init__(self, inner, config: Config, navigable: bool = False):
        self.inner = inner
        self._trusted = {name.lower() for name in config.allowed_hosts}
        self._hosts = LOOPBACK | {config.host.lower()} | self._trusted
        self._navigable = navigable

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and (reason := self._refusal(scope)):
            await _refuse(send, reason, is_head=scope["method"] == "HEAD")
        else:
            await self.inner(scope, receive, send)

    def _refusal(self, scope) -> str | None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        given = dict(headers)
        host = given.get("host", "")
        if _host(host) not in self._hosts:
            return f"the host {host[:100]!r} is not one of this service's; EMULATOR_ALLOWED_HOSTS names more"
        for origin in (value for name, value in headers if name == "origin"):
            address = urlsplit(origin)
            if address.netloc != host and address.hostname not in self._trusted:
                return f"a page of {origin[:100]!r} may not use this service"
        site = given.get("sec-fetch-site", "none")
        if site not in OWN_SITES and not given.get("origin") and not self._navigates(scope["method"], given):
            return f"a page of another origin may not use this service (Sec-Fetch-Site: {site[:20]})"
        return None

    def _navigates(self, method: str, given: dict[str, str]) -> bool:
        is_page = given.get("sec-fetch-dest", "document") == "document"
        return self._navigable and method == "GET" and given.get("sec-fetch-mode") == "navigate" and is_page


async def _refuse(send, reason: str, is_head: bool):
    detail = {"message": f"Forbidden: {reason}", "domain": "global", "reason": "forbidden"}
    error = {"code": 403, "message": detail["message"], "errors": [detail], "status": "PERMISSION_DENIED"}
    body = json.dumps({"error": error}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else body})
