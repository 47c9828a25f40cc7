"""Keeps other web pages out of an Airflow in which nobody logs in, as on a laptop.

Listening on loopback keeps other machines out, but not the pages that a browser on this machine shows: one
may send requests here, or make the name of its own host resolve to 127.0.0.1 (DNS rebinding). A page of
another origin is known by the headers Origin and Sec-Fetch-Site, which no script can change, and a rebound
name by Host.
Sources: https://developer.mozilla.org/docs/Web/HTTP/Headers/Origin and .../Sec-Fetch-Site (2026-11-27).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from airflow.configuration import conf

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
OWN_SITES: Final = frozenset({"same-origin", "none"})  # none: a person typed the address


def everyone_is_admin() -> bool:
    """Whether this Airflow asks nobody to log in."""
    return conf.getboolean("core", "simple_auth_manager_all_admins", fallback=False)


def page_of_another_origin(headers: Mapping[str, str]) -> str | None:
    """Why a request that a page has sent may not change or cost anything; None if it may.

    Sec-Fetch-Site counts first, because behind a proxy Host need not be the name that the browser knows. A
    request without either header comes from no browser.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return None if site in OWN_SITES else f"a page of another origin may not do this ({site[:20]})"
    if origin is None or urlsplit(origin).netloc == headers.get("host"):
        return None
    return f"a page of {origin[:100]!r} may not do this"


class RefuseStrangers:
    """ASGI middleware: 403 for a request to another host name, or from a page of another origin.

    Hosts are those of loopback and of Airflow's own `[api] base_url`.
    """

    def __init__(self, app: ASGIApp) -> None:
        own = urlsplit(conf.get("api", "base_url", fallback="")).hostname
        self.app, self.hosts = app, LOOPBACK | ({own} if own else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        if scope["type"] in ("http", "websocket") and (reason := self._refusal(scope)):
            body = f"Forbidden: {reason}.\n".encode()
            headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = given.get("host", ""), given.get("origin")
        if _hostname(host) not in self.hosts:
            return f"the host {host[:100]!r} is not this Airflow's; [api] base_url names it"
        if origin is not None:
            return None if urlsplit(origin).netloc == host else f"a page of {origin[:100]!r} may not do this"
        site = given.get("sec-fetch-site", "none")
        # A link from another page may be followed: a GET changes nothing.
        follows = scope.get("method") == "GET" and given.get("sec-fetch-mode") == "navigate"
        if site in OWN_SITES or (follows and given.get("sec-fetch-dest", "document") == "document"):
            return None
        return f"a page of another origin may not do this (Sec-Fetch-Site: {site[:20]})"


def _hostname(netloc: str) -> str | None:
    try:
        return urlsplit(f"//{netloc}").hostname
    except ValueError:
        return None
