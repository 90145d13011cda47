"""The page of a session: in a browser, and for clients without permission."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import BINARY, TOP, Emoscope, needs_browser, needs_npm
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

VOICE = TOP / "tests" / "data" / "two-utterances.wav"
MICROPHONE = TOP / "tests" / "e2e" / "virtual-mic.sh"
# Clients that the program allows at the same time.
READERS = 8

needs_page = pytest.mark.skipif(
    "--web"
    not in subprocess.run([BINARY, "live", "--help"], capture_output=True, text=True).stdout,
    reason="this build has no page",
)
pytestmark = needs_page


class Session:
    """A session with a page, and the lines that it prints with the time of each."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.lines: list[tuple[float, dict[str, Any]]] = []
        self.process = subprocess.Popen(
            [BINARY, *arguments],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stderr
        said = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{32}", said)
        assert found, said
        self.address = found[0]
        self.port = urlsplit(self.address).port or 0
        self.token = parse_qs(urlsplit(self.address).query)["token"][0]
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()

    def read(self) -> None:
        """Collects the printed lines."""
        for line in self.process.stdout or ():
            self.lines.append((time.time(), json.loads(line)))

    def until(self, kind: Callable[[dict[str, Any]], bool], count: int = 1) -> None:
        """Waits for lines of a kind."""
        deadline = time.monotonic() + 60
        while sum(kind(line) for _, line in self.lines) < count:
            assert time.monotonic() < deadline, self.lines[-3:]
            assert self.process.poll() is None or self.reading.is_alive(), "it ended"
            time.sleep(0.01)

    def ask(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """A request with any header, and its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": f"127.0.0.1:{self.port}", **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = b"" if answer.headers["Content-Type"] == "text/event-stream" else answer.read()
        found = {name.lower(): value for name, value in answer.headers.items()}
        connection.close()
        return answer.status, found, body

    def reader(self, **headers: str) -> socket.socket:
        """A connection that requested events."""
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"GET /events?token={self.token} HTTP/1.1\r\nHost: localhost:{self.port}\r\n"
        stream.sendall(f"{request}{more}\r\n".encode())
        return stream


Start = Callable[..., Session]


@pytest.fixture
def start(home: dict[str, str]) -> Iterator[Start]:
    """Starts a replay with a page."""
    started: list[Session] = []

    def run(*arguments: str, voice: Path = VOICE) -> Session:
        command = ["replay", str(voice), "--jsonl", "--web", *arguments]
        started.append(Session(command, home))
        return started[-1]

    yield run
    for session in started:
        session.process.kill()
        session.process.wait()


def events(stream: bytes) -> list[tuple[str, str, str]]:
    """Name, number and data of each event, as the standard of Server-Sent Events reads them."""
    found = []
    for block in stream.decode().split("\n\n"):
        fields = {"event": "message", "id": "", "data": ""}
        for line in block.splitlines():
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
        if fields["data"]:
            found.append((fields["event"], fields["id"], fields["data"]))
    return found


def body(stream: socket.socket, until: bytes | None = None) -> bytes:
    """The body up to the end of the response, without chunk headers."""
    received = b""
    while until is None or until not in received:
        part = stream.recv(65536)
        if not part:
            break
        received += part
    head, _, rest = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    content = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16) if size else 0
        content, rest = content + rest[:length], rest[length + 2 :]
    return content


def test_the_events_are_the_lines(start: Start) -> None:
    """For a client from the start, for a late one, and for one that reconnects."""
    session = start("--speed", "2")
    with session.reader() as first:
        session.until(lambda line: line["type"] == "utterance_end")
        with session.reader() as late:
            streams = [events(body(stream)) for stream in (first, late)]
    session.process.wait(20)
    session.reading.join(20)
    printed = [json.dumps(line) for _, line in session.lines]
    for stream in streams:
        lines = [json.dumps(json.loads(data)) for name, _, data in stream if name == "message"]
        assert lines == printed
        assert stream[-1][0] == "over"
        names = {name for name, _, _ in stream}
        assert {"labels", "level", "status", "position"} <= names
    labels = next(json.loads(data) for name, _, data in streams[0] if name == "labels")
    assert [entry["label"] for entry in labels] == session.lines[0][1]["labels"]
    assert len({entry["shape"] for entry in labels}) == len(labels)


def test_a_browser_that_reconnects_gets_what_it_missed(start: Start) -> None:
    """By the number of the last event that it has."""
    session = start("--speed", "4", "--loop")
    session.until(lambda line: line["type"] == "utterance_end")
    with session.reader(**{"Last-Event-ID": "5"}) as stream:
        first = next(number for _, number, _ in events(body(stream, b"measurement")) if number)
    assert first == "6"


def test_who_may_read(start: Start) -> None:
    """The token, the names of this machine, and the page's own origin; nothing else."""
    session = start("--loop")
    good = f"token={session.token}"
    wrong = "token=" + "0" * 32
    host = f"127.0.0.1:{session.port}"
    for path in ("/", "/overlay", "/events"):
        assert session.ask(f"{path}?{good}")[0] == 200
        for query in ("", wrong, "token=", good[:-1], good + "0", good.upper(), f"x={good}"):
            assert session.ask(f"{path}?{query}")[0] == 403, (path, query)
        for name in (host, f"localhost:{session.port}", f"[::1]:{session.port}"):
            assert session.ask(f"{path}?{good}", Host=name)[0] == 200
            assert session.ask(f"{path}?{good}", Host=name, Origin=f"http://{name}")[0] == 200
        for name in (
            "evil.example",
            f"evil.example:{session.port}",
            "127.0.0.1",
            "localhost:1",
            f"127.0.0.1.evil.example:{session.port}",
            f"127.0.0.1:0{session.port}",
        ):
            assert session.ask(f"{path}?{good}", Host=name)[0] == 403, name
        for origin in (
            "null",
            "http://evil.example",
            f"https://{host}",
            "http://127.0.0.1:1",
            f"http://{host}.evil.example",
            f"http://localhost:{session.port}",
        ):
            assert session.ask(f"{path}?{good}", Origin=origin)[0] == 403, origin
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"):
            assert session.ask(f"{path}?{good}", method)[0] in (400, 403, 405), method
        assert session.ask(f"{path}?{good}", "HEAD")[::2] == (200, b"")
    assert session.ask("/healthz")[::2] == (200, b"ok\n")
    assert session.ask("/healthz", Host="evil.example")[0] == 403
    for path in ("/../Cargo.toml", "//etc/passwd", "/%2e%2e/etc/passwd", "/page.js", "/events/"):
        assert session.ask(f"{path}?{good}")[0] == 404, path
    # An absolute address in the request line also names a host.
    assert session.ask(f"http://evil.example/?{good}")[0] == 403
    assert session.ask("/" + "x" * 100_000)[0] in (400, 414, 431)


def test_the_response_headers_restrict_the_browser(start: Start) -> None:
    """No loading, no caching, no referrer, and no frame."""
    session = start("--loop")
    for path in ("/", "/overlay", "/events", "/nothing"):
        _, headers, _ = session.ask(f"{path}?token={session.token}")
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert not any(name.startswith("access-control") for name in headers)
        assert "set-cookie" not in headers
    _, _, page = session.ask(f"/?token={session.token}")
    assert session.token.encode() not in page
    assert b"://" not in page
    assert b"not what a person feels" in page


def listening(pid: int) -> list[str]:
    """Addresses at which a process listens, as the system's own list has them."""
    files = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    found = []
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            cells = row.split()
            if cells[3] == "0A" and f"socket:[{cells[9]}]" in files:
                found.append(cells[1])
    return found


def test_it_listens_on_the_loopback_address_alone(start: Start, home: dict[str, str]) -> None:
    """At the port of the address; a port in use is reported."""
    session = start("--loop")
    assert listening(session.process.pid) == [f"0100007F:{session.port:04X}"]
    command = [BINARY, "replay", str(VOICE), "--jsonl", "--web", str(session.port)]
    second = subprocess.run(command, env=home, capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert f"port {session.port} is in use by another program" in second.stderr
    assert subprocess.run([*command[:-1], "80"], env=home, capture_output=True).returncode == 2


def test_a_hundred_clients(start: Start) -> None:
    """A few are served, the others get an error, and a place that is freed is reused."""
    session = start("--loop")
    with ExitStack() as stack:
        streams = [stack.enter_context(session.reader()) for _ in range(100)]
        answers = [stream.recv(12) for stream in streams]
        assert answers.count(b"HTTP/1.1 200") == READERS
        assert answers.count(b"HTTP/1.1 503") == 100 - READERS
        assert session.ask(f"/?token={session.token}")[0] == 200
    deadline = time.monotonic() + 10
    while True:
        with session.reader() as stream:
            if stream.recv(12) == b"HTTP/1.1 200":
                break
        assert time.monotonic() < deadline
        time.sleep(0.1)


def closed(stream: socket.socket) -> bool:
    """Whether the other side has closed or reset a connection that is read to its end."""
    try:
        while stream.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


def test_a_header_byte_by_byte_and_none_at_all(start: Start) -> None:
    """Both are closed within a few seconds, and neither blocks other clients."""
    session = start("--loop")
    address = ("127.0.0.1", session.port)
    began = time.monotonic()
    with socket.create_connection(address) as slow, socket.create_connection(address) as idle:
        header = f"GET /healthz HTTP/1.1\r\nHost: localhost:{session.port}\r\nX: "
        gone = None
        for byte in (header + "x" * 1000).encode():
            try:
                slow.sendall(bytes([byte]))
            except OSError:
                gone = time.monotonic() - began
                break
            if time.monotonic() - began > 20:
                break
            time.sleep(0.05)
            if byte == ord("G"):
                assert session.ask("/healthz")[0] == 200
        assert gone is not None
        assert 3 < gone < 15, gone
        idle.settimeout(10)
        assert closed(idle)


def resident(pid: int) -> int:
    """Memory of a process in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1])


def test_a_client_that_reads_nothing_is_dropped(start: Start) -> None:
    """Its memory is bounded, and another client misses nothing."""
    session = start("--loop", "--speed", "max")
    with socket.socket() as asleep:
        asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asleep.connect(("127.0.0.1", session.port))
        request = (
            f"GET /events?token={session.token} HTTP/1.1\r\nHost: localhost:{session.port}\r\n\r\n"
        )
        asleep.sendall(request.encode())
        with session.reader() as awake:
            before = resident(session.process.pid)
            received = b""
            end = time.monotonic() + 12
            while time.monotonic() < end:
                received += awake.recv(65536)
            assert received.count(b"session_end") > 10
            numbers = [int(number) for number in re.findall(rb"\nid: (\d+)\n", received)]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert resident(session.process.pid) - before < 60_000
        asleep.settimeout(5)
        assert closed(asleep)


# --- in a browser


def text(browser: webdriver.Chrome, selector: str) -> str:
    """The text of an element."""
    return browser.find_element(By.CSS_SELECTOR, selector).text


@needs_browser
def test_the_page_shows_the_predictions(browser: webdriver.Chrome, start: Start) -> None:
    """Labels, bars and utterances are those of the lines; no error is logged."""
    session = start("--speed", "1")
    browser.get_log("browser")
    browser.get(session.address)
    session.until(lambda line: line["type"] == "session_end")
    WebDriverWait(browser, 10).until(lambda b: text(b, "#doing") == "the session is over")
    finals = [line for _, line in session.lines if line.get("trigger") == "speech_ended"]
    last = finals[-1]
    rows = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "#utterances li")]
    assert len(rows) == len(finals)
    for row, final in zip(reversed(rows), finals, strict=True):
        assert final["label"] in row
        assert f"{round(100 * final['confidence'])} %" in row
    bars = browser.find_elements(By.CSS_SELECTOR, "#bars li")
    shown = {bar.find_element(By.CLASS_NAME, "name").text: bar for bar in bars}
    assert list(shown) == session.lines[0][1]["labels"]
    for label, share in last["probabilities"].items():
        number = shown[label].find_element(By.CLASS_NAME, "number").text
        assert number == f"{int(100 * share + 0.5)} %"
    if last["label"] == "uncertain":
        likely = sorted(last["probabilities"], key=last["probabilities"].get)[-2:]
        assert all(f"{label}?".upper() in text(browser, "#word") for label in likely)
        assert "uncertain" in browser.find_element(By.ID, "said").get_attribute("textContent")
    else:
        assert last["label"].upper() in text(browser, "#word")
    assert "final" in text(browser, "#standing")
    said = browser.find_element(By.ID, "said")
    assert said.get_attribute("aria-live") == "polite"
    assert "not inner state" in text(browser, "footer")
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => new URL(e.name).pathname)"
    )
    assert set(loaded) <= {"/events", ","}
    assert browser.get_log("browser") == []


@needs_browser
def test_a_foreign_page_gets_nothing(browser: webdriver.Chrome, start: Start) -> None:
    """Even with the token: no events, no answer to a fetch, no frame."""
    session = start("--loop")
    browser.get("data:text/html,<title>evil</title>")
    script = """const [address, done] = [arguments[0], arguments[arguments.length - 1]];
        const events = address.replace('/?', '/events?');
        const source = new EventSource(events);
        let got = [];
        source.onopen = () => got.push('open');
        source.onmessage = () => got.push('event');
        fetch(address).then(() => got.push('fetched'), () => {});
        const frame = document.createElement('iframe');
        frame.src = address;
        document.body.append(frame);
        setTimeout(() => done(got), 2000);"""
    assert browser.execute_async_script(script, session.address) == []
    browser.get_log("browser")


def glance(measurement: dict[str, Any]) -> str:
    """The text of a measurement in large letters, as on the dashboard."""
    if measurement["label"] != "uncertain":
        return f"{measurement['label']} {int(100 * measurement['confidence'] + 0.5)} %"
    if measurement["reason"] != "between":
        return "uncertain "
    shares = measurement["probabilities"]
    first, second = sorted(shares, key=lambda label: -shares[label])[:2]
    return f"{first}? {second}? "


# Notes the word and its time at every change.
WATCH = """window.seen = [];
    const word = document.querySelector('#word');
    const note = () => {
        const words = [...word.querySelectorAll('.words span')].map(e => e.textContent).join(' ');
        const line = words + ' ' + word.querySelector('.share').textContent;
        const last = seen[seen.length - 1];
        if (!last || last[1] !== line) seen.push([Date.now() / 1000, line]);
    };
    new MutationObserver(note).observe(word, {subtree: true, childList: true, characterData: true});
    note();"""


@pytest.fixture
def microphone(tmp_path: Path) -> Iterator[Callable[..., "subprocess.CompletedProcess[str]"]]:
    """A private sound server with a virtual microphone."""
    environment = {**os.environ, "VMIC_DIR": str(tmp_path)}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["bash", str(MICROPHONE), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    if run("start").returncode != 0:
        pytest.skip("no private sound server here (pulseaudio)")
    yield run
    run("stop")


@needs_browser
def test_the_label_on_the_page_is_current(
    browser: webdriver.Chrome,
    home: dict[str, str],
    microphone: Callable[..., "subprocess.CompletedProcess[str]"],
) -> None:
    """Each label within 200 ms of its line, and a lost microphone is shown."""
    pairs = re.findall(r"(\w+)=(\S+)", microphone("env").stdout)
    arguments = ["live", "--jsonl", "--web", "--device", "VirtualMicrophone"]
    session = Session(arguments, {**home, **dict(pairs), "EMOSCOPE_CERTAIN": "0.3"})
    try:
        session.until(lambda line: line["type"] == "session_start")
        browser.get(session.address)
        # Where the page opens late, the idle microphone's silence was already reported.
        silent = ["no speech", "muted?"]
        WebDriverWait(browser, 20).until(lambda b: text(b, "#doing") in silent)
        assert any(word in text(browser, "#word") for word in ("listening", "MUTED?"))
        browser.execute_script(WATCH)
        # A hundred clients that read nothing stay connected.
        with ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(session.reader())
            assert microphone("play", str(VOICE)).returncode == 0
            session.until(lambda line: line.get("trigger") == "speech_ended", 2)
            time.sleep(0.5)
        seen = browser.execute_script("return seen")
        delays = []
        for printed, line in session.lines:
            if line["type"] != "measurement":
                continue
            word = glance(line)
            times = [at for at, there in seen if there == word]
            # The page still shows what it showed before.
            before = [there for at, there in seen if at <= printed]
            if before and before[-1] == word:
                continue
            assert times, (word, seen)
            delays.append(min(abs(at - printed) for at in times))
        assert len(delays) >= 3, (session.lines, seen)
        delays.sort()
        print(f"delays: median {median(delays):.3f} s, largest {delays[-1]:.3f} s")
        assert delays[-1] < 0.2, delays
        microphone("remove")
        WebDriverWait(browser, 20).until(lambda b: "microphone lost" in text(b, "#doing"))
        assert "LOST" in text(browser, "#word")
        microphone("add")
        WebDriverWait(browser, 20).until(lambda b: "lost" not in text(b, "#doing"))
        session.process.terminate()
        session.process.wait(20)
        session.reading.join(20)
        assert session.lines[-1][1]["type"] == "session_end"
        gaps = [line["cause"] for _, line in session.lines if line["type"] == "gap"]
        assert set(gaps) <= {"device_lost"}, gaps
    finally:
        session.process.kill()
        session.process.wait()


@needs_browser
def test_the_overlay_is_transparent(browser: webdriver.Chrome, start: Start) -> None:
    """The label over any background, with the options of the address."""
    session = start("--loop", "--speed", "1")
    browser.get("data:,")
    browser.get_log("browser")
    address = session.address.replace("/?", "/overlay?")
    browser.get(address + "&size=120&align=center&labels=1&bar=0")
    WebDriverWait(browser, 30).until(lambda b: text(b, "#word") != "")
    style = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    for element in ("html", "body"):
        assert browser.execute_script(style, element, "backgroundColor") == "rgba(0, 0, 0, 0)"
    assert browser.execute_script(style, "body", "fontSize") == "120px"
    assert browser.execute_script(style, "#overlay", "alignItems") == "center"
    assert not browser.find_element(By.ID, "bar").is_displayed()
    assert len(browser.find_elements(By.CSS_SELECTOR, "#labels li")) == 7
    assert browser.get_log("browser") == []
    # A final label stays for the time in the address.
    browser.get(address + "&hold=0")
    WebDriverWait(browser, 30).until(lambda b: text(b, "#word") != "")
    WebDriverWait(browser, 30).until(
        lambda b: "away" in (b.find_element(By.ID, "overlay").get_attribute("class") or "")
    )
    browser.get("data:,")


@needs_browser
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_a_phone(browser: webdriver.Chrome, start: Start, width: int) -> None:
    """Nothing is wider than the screen, for every label."""
    session = start("--loop", "--speed", "4")
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.get(session.address)
        seen = set()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            seen.add(text(browser, "#word"))
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
            overflows = """const box = document.querySelector('#call').getBoundingClientRect();
                return [...document.querySelectorAll('#word span')].some(
                    e => e.getBoundingClientRect().right > box.right)"""
            assert not browser.execute_script(overflows), seen
        assert len(seen) > 2
        browser.get("data:,")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@needs_browser
@needs_npm
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: webdriver.Chrome, axe: str, start: Start, scheme: str) -> None:
    """The page is accessible to screen readers and has enough contrast."""
    session = start("--loop", "--speed", "1")
    feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
    try:
        browser.get(session.address)
        WebDriverWait(browser, 20).until(lambda b: "final" in text(b, "#standing"))
        # Through the browser's developer tools: the page itself may run no other script.
        browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
        script = """const done = arguments[0];
            axe.run(document).then(found => done(found.violations.map(v => v.id)));"""
        assert browser.execute_async_script(script) == []
        browser.get("data:,")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_colours_are_those_of_the_report(
    start: Start, emoscope: Emoscope, tmp_path: Path
) -> None:
    """One table: the same labels have the same colours on a dark background."""
    session = start("--loop")
    report = tmp_path / "report.html"
    emoscope("report", VOICE, "--output", report)
    _, _, page = session.ask(f"/?token={session.token}")
    _, _, overlay = session.ask(f"/overlay?token={session.token}")

    def colours(text: str) -> set[tuple[str, ...]]:
        found = re.findall(r"--c(\d): ?(#[0-9a-f]{6});", text)
        colours = [colour for _, colour in found]
        return {tuple(colours[at : at + 7]) for at in range(0, len(colours), 7)}

    assert len(colours(page.decode())) == 2
    assert colours(overlay.decode()) <= colours(page.decode())
    assert colours(overlay.decode()) <= colours(report.read_text())


@pytest.mark.skipif(not shutil.which("mosquitto"), reason="no MQTT broker here (mosquitto)")
def test_the_line_for_mqtt(home: dict[str, str], tmp_path: Path) -> None:
    """As in the guide, except for the recording and a private broker."""
    guide = (TOP / "docs" / "web.md").read_text()
    line = next(
        code
        for code in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
        if "mqtt" in code or "mosquitto" in code
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    broker = subprocess.Popen(["mosquitto", "-p", str(port)], stderr=subprocess.DEVNULL)
    subscriber = None
    try:
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        command = [
            "stdbuf",
            "-oL",
            "mosquitto_sub",
            "-p",
            str(port),
            "-t",
            "emoscope/#",
            "-v",
            "-d",
        ]
        subscriber = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert subscriber.stdout
        for said in subscriber.stdout:
            if "SUBACK" in said:
                break
        line = line.replace("emoscope live", f"'{BINARY}' replay '{VOICE}'")
        line = line.replace("mosquitto_pub", f"mosquitto_pub -p {port}")
        subprocess.run(["bash", "-euo", "pipefail", "-c", line], env=home, check=True)
        time.sleep(1)
        subscriber.terminate()
        said = subscriber.stdout.read()
    finally:
        for process in (subscriber, broker):
            if process:
                process.kill()
                process.wait()
    lines = re.findall(r"^emoscope/voice (\{.*\})$", said, re.MULTILINE)
    labels = [json.loads(line)["label"] for line in lines if "speech_ended" in line]
    printed = subprocess.run(
        [BINARY, "replay", str(VOICE), "--jsonl"], env=home, capture_output=True, text=True
    ).stdout.splitlines()
    expected = [json.loads(line)["label"] for line in printed if "speech_ended" in line]
    assert labels == expected
