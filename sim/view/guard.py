"""Who may ask the view for anything: the person who started it, from a page of the view itself.

The page runs models on this machine for whoever reaches it. A web page on another origin, a name that a
stranger's server lets point here (DNS rebinding), or another user of the machine must not. So every path and
every socket asks for three things: a ``Host`` that the view was started on, an ``Origin`` that is the view's
own where the browser names one, and a cookie that was given for the token in the printed address.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
TOKEN = "token"
#: Paths of the server that tell about it, or throw tabs out; the page needs none of them.
OFF = ("/resourcez", "/readyz", "/_solara/api/evict", "/_solara/auth")
#: A page of the view loads nothing from anywhere else, and nobody may put it into a frame. Its widgets are
#: compiled in the page (unsafe-eval) and loaded from texts (blob:).
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws: blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(24)


class Guard:
    """Lets in who was given the address, and nobody else.

    Parameters
    ----------
    app : ASGI application
    hosts : iterable of str
        Names under which the view may be asked, without port.
    port : int
    token : str
        Of the printed address.
    """

    def __init__(self, app: App, hosts: Iterable[str], port: int, token: str):
        self._app, self._token, self._pass = app, token, new_token()
        self._hosts = {_with_port(host, port) for host in hosts}
        self._cookie = f"v2gcity-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or say why not."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refused = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refused or not self._is_known(headers):
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        if refused:
            await _answer(send, 403, refused)
        elif self._asks_in(scope):
            await self._let_in(send)
        elif not self._is_known(headers):
            await _answer(send, 403, "open the address that v2gcity view printed; its token lets you in")
        else:
            await self._app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> str:
        """Why a request is refused whoever makes it; empty where it is not."""
        if headers.get("host", "").lower() not in self._hosts:
            return "this view is not served under that name"
        origin = headers.get("origin")
        if origin is not None and not self._is_own(origin):
            return "another page may not use this view"
        if scope["type"] == "websocket" and origin is None:
            return "a socket is opened from a page of this view"
        if any(scope["path"] == path or scope["path"].startswith(f"{path}/") for path in OFF):
            return "there is nothing here"
        return ""

    def _is_own(self, origin: str) -> bool:
        parts = urlsplit(origin)
        return parts.scheme == "http" and parts.netloc.lower() in self._hosts

    def _asks_in(self, scope: Scope) -> bool:
        """Whether this is the first page, asked for with the right token."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get(TOKEN, [""])[0]
        return scope["path"] == "/" and hmac.compare_digest(given.encode(), self._token.encode())

    async def _let_in(self, send: Send) -> None:
        """Exchange the token for a cookie; the address that stays in the browser does not have it."""
        cookie = f"{self._cookie}={self._pass}; Path=/; HttpOnly; SameSite=Strict"
        await _answer(send, 303, "", {"location": "/", "set-cookie": cookie})

    def _is_known(self, headers: dict[str, str]) -> bool:
        try:
            given = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return given is not None and hmac.compare_digest(given.value.encode(), self._pass.encode())


def hosts_of(host: str) -> list[str]:
    """Names under which a view that listens on an address is asked for."""
    if host in ("0.0.0.0", "::", ""):
        import socket

        return [*LOOPBACK, socket.gethostname().lower(), *_addresses()]
    return [*LOOPBACK, host.lower()] if host in LOOPBACK else [host.lower()]


def _addresses() -> list[str]:
    """Addresses of this machine."""
    import psutil

    return [each.address.split("%")[0] for found in psutil.net_if_addrs().values() for each in found]


def _with_port(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port == 80 else f"{name}:{port}"


def _with_headers(send: Send) -> Send:
    """Send answers with what browsers are to keep from them."""

    async def send_more(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (name, value) for name, value in message["headers"] if name.decode().lower() not in HEADERS
            ]
            message["headers"] = [
                *kept,
                *((name.encode(), value.encode()) for name, value in HEADERS.items()),
            ]
        await send(message)

    return send_more


async def _answer(send: Send, status: int, text: str, more: dict[str, str] | None = None) -> None:
    headers = {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "no-store",
        **HEADERS,
        **(more or {}),
    }
    coded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": coded})
    await send({"type": "http.response.body", "body": text.encode()})
