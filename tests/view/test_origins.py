"""The view as it is served: no other page, no other name and no other program gets in, in a browser or without."""

import http.server
import socket
import threading
from urllib.parse import urlsplit

import pytest

from tests.view.test_browser import CHROMIUM, chromium, free_port, pytestmark, scenario, served, server  # noqa: F401

SOCKET = "/jupyter/api/kernels/3f0c2e81-0000-4000-8000-000000000000/channels?session_id=1"

HOSTILE = """<!doctype html><title>hostile</title><script>
window.found = {};
const home = "%(home)s", wire = home.replace("http", "ws");
function tried(name, promise) { promise.then(() => found[name] = "in", () => found[name] = "refused"); }
tried("fetch", fetch(home + "/", {credentials: "include"}).then(answer => answer.text()));
tried("post", fetch(home + "/_solara/api/close/0?", {method: "POST", credentials: "include", headers: {"x-a": "1"}}));
tried("socket", new Promise((open, shut) => {
  const line = new WebSocket(wire + "%(socket)s");
  line.onopen = open; line.onerror = shut; line.onclose = shut;
}));
tried("script", new Promise((open, shut) => {
  const one = document.createElement("script");
  one.src = home + "/static/main.js"; one.onload = open; one.onerror = shut;
  document.head.append(one);
}));
</script><iframe id=frame src="%(home)s/"></iframe>"""


@pytest.fixture
def hostile(server):  # noqa: F811
    """A page of somebody else's on this machine, which tries to use the view."""
    home = "http://" + urlsplit(server).netloc
    page = (HOSTILE % {"home": home, "socket": SOCKET}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield f"http://localhost:{other.server_port}/"
        other.shutdown()


def test_another_page_gets_nothing_even_from_a_browser_that_was_let_in(chromium, server, hostile):  # noqa: F811
    context = chromium.new_context()
    mine = context.new_page()
    mine.goto(server)
    mine.wait_for_function("window.__v2g && window.__v2g.frame", timeout=120_000)
    assert "token" not in mine.url, "the token does not stay where history and copies keep it"
    theirs = context.new_page()
    theirs.goto(hostile)
    theirs.wait_for_function("Object.keys(window.found).length === 4", timeout=60_000)
    assert theirs.evaluate("window.found") == dict.fromkeys(("fetch", "post", "socket", "script"), "refused")
    framed = [frame for frame in theirs.frames if frame is not theirs.main_frame]
    assert not any(frame.evaluate("!!window.__v2g") for frame in framed)
    assert theirs.evaluate("document.getElementById('frame').contentDocument") is None
    assert mine.evaluate("!!window.__v2g.frame"), "and the page goes on"
    context.close()


def asked(address, path, **headers):
    """Status with which a plain program's request is answered."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    lines = [
        f"GET {path} HTTP/1.1",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    if "Upgrade" not in headers:
        lines.append("Connection: close")
    with socket.create_connection((host, port), timeout=30) as line:
        line.sendall(("\r\n".join([*lines, "", ""])).encode())
        answer = line.recv(65_536).decode("latin-1")
    return int(answer.split()[1]), answer


UPGRADE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


def test_a_program_without_the_token_or_under_another_name_is_refused(server):  # noqa: F811
    home, token = urlsplit(server).netloc, urlsplit(server).query
    own = f"http://{home}"
    status, answer = asked(server, f"/?{token}", Host=home)
    assert status == 303
    cookie = next(line for line in answer.split("\r\n") if line.lower().startswith("set-cookie")).split(": ")[
        1
    ]
    cookie = cookie.split(";")[0]
    assert asked(server, "/", Host=home, Cookie=cookie)[0] == 200
    refused = {
        "no cookie": {"Host": home},
        "a wrong cookie": {"Host": home, "Cookie": cookie[:-1] + ("x" if cookie[-1] != "x" else "y")},
        "another name for this machine": {"Host": f"evil.example:{urlsplit(server).port}", "Cookie": cookie},
        "another port": {"Host": "localhost:1", "Cookie": cookie},
        "another page": {"Host": home, "Cookie": cookie, "Origin": "http://evil.example"},
        "a page from nowhere": {"Host": home, "Cookie": cookie, "Origin": "null"},
        "another page of this machine": {"Host": home, "Cookie": cookie, "Origin": "http://localhost:1"},
    }
    for what, headers in refused.items():
        assert asked(server, "/", **headers)[0] == 403, what
        assert asked(server, "/?token=wrong", **headers)[0] == 403, what
        assert asked(server, SOCKET, **headers, **UPGRADE)[0] == 403, what
    assert asked(server, SOCKET, Host=home, Cookie=cookie, **UPGRADE)[0] == 403, "no page without an origin"
    for path in ("/jupyter/lab", "/resourcez", "/readyz", "/../../etc/passwd", "/static/..%2f..%2fapp.py"):
        assert asked(server, path, Host=home)[0] in (400, 403, 404), path
    assert asked(server, SOCKET, Host=home, Cookie=cookie, Origin=own, **UPGRADE)[0] == 101
