"""Nobody is let in but who was given the address: names, origins, tokens, cookies, on every path and socket."""

import asyncio

import pytest

from sim.scenario import ScenarioError, load_scenario
from sim.view.controls import MOST_CARS, as_overrides, refuse_unoffered
from sim.view.guard import HEADERS, Guard, hosts_of
from sim.view.session import Session
from sim.view.stage import MOST_TABS, Stage, _open

PORT, TOKEN_GIVEN = 8765, "right"
HOME = f"localhost:{PORT}"


async def inside(scope, receive, send):
    """What is guarded."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"ALLOWALL")]})
    await send({"type": "http.response.body", "body": b"inside"})


@pytest.fixture
def guard():
    return Guard(inside, hosts_of("127.0.0.1"), PORT, TOKEN_GIVEN)


def ask(guard, path="/", kind="http", query="", **headers):
    """Messages with which a request is answered."""
    sent = []
    named = {"host": HOME, **headers}
    scope = {
        "type": kind, "path": path, "query_string": query.encode(), "method": "GET",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items() if value],
    }  # fmt: skip

    async def receive():
        return {"type": f"{kind}.connect"}

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent


def cookie_of(guard):
    first = ask(guard, query=f"token={TOKEN_GIVEN}")[0]
    headers = {name.decode(): value.decode() for name, value in first["headers"]}
    assert first["status"] == 303
    assert headers["location"] == "/", "the token does not stay in the address"
    given = headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=Strict" in given
    assert TOKEN_GIVEN not in given
    return given.split(";")[0]


def test_the_token_is_exchanged_for_a_cookie_that_opens_everything(guard):
    cookie = cookie_of(guard)
    assert ask(guard, cookie=cookie)[0]["status"] == 200
    assert ask(guard, "/static/main.js", cookie=cookie)[0]["status"] == 200
    socket = ask(
        guard, "/jupyter/api/kernels/1/channels", "websocket", cookie=cookie, origin=f"http://{HOME}"
    )
    assert socket == [{"type": "websocket.accept"}]


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/jupyter/api/kernels/1", "/anything"])
def test_without_a_cookie_every_path_is_closed(guard, path):
    assert ask(guard, path)[0]["status"] == 403
    assert ask(guard, path, query="token=wrong")[0]["status"] == 403
    assert ask(guard, path, cookie=f"v2gcity-{PORT}=guessed")[0]["status"] == 403
    assert ask(guard, path, cookie=f"v2gcity-{PORT}={TOKEN_GIVEN}")[0]["status"] == 403


@pytest.mark.parametrize("wrong", [
    {"host": "evil.example"}, {"host": f"evil.example:{PORT}"}, {"host": "localhost"}, {"host": "localhost:1"}, {"host": ""},
    {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": f"https://{HOME}"}, {"origin": "http://localhost:1"},
    {"origin": f"http://{HOME}.evil.example"}, {"origin": ""}, {"cookie": ""}, {"cookie": f"v2gcity-{PORT}=x"}, {"cookie": "=;,\\"},
])  # fmt: skip
def test_a_socket_with_a_wrong_header_is_closed(guard, wrong):
    right = {"host": HOME, "origin": f"http://{HOME}", "cookie": cookie_of(guard)}
    sent = ask(guard, "/jupyter/api/kernels/1/channels", "websocket", **{**right, **wrong})
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize("path", ["/resourcez", "/readyz", "/_solara/api/evict/1", "/_solara/auth/login"])
def test_pages_about_the_server_are_off(guard, path):
    assert ask(guard, path, cookie=cookie_of(guard))[0]["status"] == 403


def test_every_answer_says_what_a_browser_may_do_with_it(guard):
    cookie = cookie_of(guard)
    for answer in (ask(guard, cookie=cookie), ask(guard), ask(guard, host="evil.example")):
        headers = [(name.decode(), value.decode()) for name, value in answer[0]["headers"]]
        assert all(headers.count(item) == 1 for item in HEADERS.items()), "and what the app said is overruled"
    assert "frame-ancestors 'none'" in HEADERS["content-security-policy"]


def test_other_addresses_are_served_under_their_names_only():
    assert set(hosts_of("127.0.0.1")) == set(hosts_of("localhost"))
    assert hosts_of("192.168.7.7") == ["192.168.7.7"]
    assert "127.0.0.1" in hosts_of("0.0.0.0")


# ---------------------------------------------------------------------------- what a page may ask
BASE = {"fleet": {"cars": 40_000_000, "sample": 0.00005}, "city": {"place": "china-2025"}}


@pytest.mark.parametrize("settings", [
    {"arms.v2g.operator.policy": "module:X"}, {"operator.policy": "os:system"}, {"city.place": "/etc"},
    {"fleet.sample": 1.0}, {"fleet.sample": 0.9}, {"fleet.sample": True}, {"fleet.sample": [0.1]},
    {"participation.enrolled_share": "0.3"}, {"participation.enrolled_share": 7.0}, {"outputs.owner_rows": 10**9},
])  # fmt: skip
def test_a_page_changes_what_its_sliders_offer_and_nothing_else(settings):
    with pytest.raises(ScenarioError, match="page: "):
        refuse_unoffered(settings, load_scenario(BASE))


def test_a_slider_reaches_arms_that_set_the_key_for_themselves():
    arms = {
        "uncontrolled": {"participation": {"enrolled_share": 0.1}},
        "v2g": {"participation": {"enrolled_share": 0.2}},
    }
    spec = load_scenario({"arms": arms})
    changed = load_scenario(spec, as_overrides({"participation.enrolled_share": 0.3}, spec))
    assert {changed.for_arm(arm).participation.enrolled_share for arm in arms} == {0.3}


def test_a_visitor_who_asks_for_forty_million_cars_is_told_what_a_page_shows():
    sent = []
    session = Session(sent.append)
    spec = load_scenario({"fleet": {"cars": 40_000_000}})
    with pytest.raises(
        ScenarioError, match=f"40,000,000 simulated cars are more than a page shows, which is {MOST_CARS:,}"
    ):
        session.do_open(spec, "v2g")
    assert not sent, "nothing was built"


def test_a_city_that_does_not_fit_twice_is_refused(monkeypatch):
    from sim.runs import memory

    spec = load_scenario({"fleet": {"cars": 1_500_000}})
    one = memory.memory_need(spec)
    enough_for_one = (one.bytes + 0.3 * one.cars * one.per_car) / memory.USABLE_SHARE
    monkeypatch.setattr(memory, "available_bytes", lambda: enough_for_one)
    memory.check_memory(spec)
    with pytest.raises(ScenarioError, match="GB of memory"):
        Session(lambda message: None).do_open(spec, "v2g")


def test_only_so_many_tabs_hold_a_city(monkeypatch):
    monkeypatch.setattr("sim.view.stage._open", held := {object() for _ in range(MOST_TABS)})
    stage = Stage(source="quickstart")
    sent = []
    monkeypatch.setattr(stage, "send", lambda content, buffers=None: sent.append(content))
    stage._on_ready({})
    assert [message["kind"] for message in sent] == ["trouble"]
    assert "close one" in sent[0]["text"]
    assert len(held) == MOST_TABS
    assert stage.session not in _open
