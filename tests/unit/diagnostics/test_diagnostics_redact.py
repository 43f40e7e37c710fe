"""What a text looks like once it may leave the station."""

from __future__ import annotations

import base64

import pytest

from fakes.secret_hunt import PASSWORD, TOKEN, found_in
from stationmaster.diagnostics.path_text import Paths
from stationmaster.diagnostics.pseudonym import Names
from stationmaster.diagnostics.redact import Redactor
from stationmaster.diagnostics.secret_text import Secrets


@pytest.fixture
def redactor() -> Redactor:
    secrets, names = Secrets(), Names()
    secrets.know(TOKEN)
    roots = {"/h/data": "<data>", "/h": "<config>", "/opt/py/site-packages": "<packages>"}
    made = Redactor(secrets, names, Paths(names, roots, frozenset({"line1"})))
    made.know("SN", ["SN-1001", "77 81", "A.b/7"])
    made.know("PN", ["PCBA-001"])
    made.know("USER", ["kim.larsen", "root"])
    made.know("HOST", ["fct-04", "wats.factory.local"])
    made.know_path("/srv/Test Results/x 1.json")
    return made


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Basic {TOKEN}",
        f"{{'Authorization': 'Basic {TOKEN}'}}",
        f"token={TOKEN}&x=1",
        f"prefix{TOKEN}suffix",
        base64.b64encode(f"a{TOKEN}".encode()).decode(),
        base64.b64encode(f"ab {PASSWORD} c".encode()).decode(),
        "\x00".join(TOKEN),
        TOKEN.encode("utf-16-le").decode("latin-1"),
        r"\x00".join(PASSWORD),
        PASSWORD.replace("+", "%2B").replace("/", "%2F"),
        PASSWORD.replace("+", "%2b").replace("/", "%2f"),
        PASSWORD.encode().hex(),
    ],
)
def test_a_known_secret_goes_in_whatever_form(redactor: Redactor, text: str) -> None:
    clean = redactor.text(text)
    assert not found_in({"x": clean.encode()}, TOKEN, PASSWORD), clean
    assert "***" in clean


UNKNOWN = base64.b64encode(b"other:unknown-pass-99").decode()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ('{"authorization": "Digest zzz9"}', "zzz9"),
        ("Proxy-Authorization=NTLM TlRMTVNTUAAB", "TlRMTVNTUAAB"),
        ("proxy http://joe:p%40ss1@proxy.local:3128/", "p%40ss1"),
        ("socks5://joe:hunter2@h", "hunter2"),
        ("password = 'two words'", "two words"),
        ('"client_secret":"c0ffee"', "c0ffee"),
        ("WATS_TOKEN=xyz-1 next", "xyz-1"),
        ("passcode: 998877, and", "998877"),
        (f"the server said {UNKNOWN}", UNKNOWN),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0", "eyJzdWIiOi"),
        ("Cookie: session=55aa55", "55aa55"),
        ("Server=db;Uid=joe;Pwd=hunter2secret;Port=1", "hunter2secret"),
        ("pwd: hunter2secret", "hunter2secret"),
        ("Passwort=hunter2secret", "hunter2secret"),
        ("private_key = hunter2secret", "hunter2secret"),
        ("access-key=hunter2secret", "hunter2secret"),
        ("tool --password hunter2secret --host db", "hunter2secret"),
        ("AccountName=store;AccountKey=aZ9/kk+Q==;EndpointSuffix=core", "aZ9/kk+Q"),
        ("SharedAccessKey=aZ9/kk+Q==", "aZ9/kk+Q"),
        ("sr=x&SharedAccessSignature=aZ9kkQ", "aZ9kkQ"),
        ("Server=db;Uid=joe;Pass=hunter2secret;Port=1", "hunter2secret"),
        ("DB_PASS=hunter2secret", "hunter2secret"),
        (r'{"password": "ab\"hunter2secret"}', "hunter2secret"),
        (r"password='it\'s hunter2secret'", "hunter2secret"),
        (r'{"message": "{\"password\": \"ab\\\"c hunter2secret\", \"x\": 1}"}', "hunter2secret"),
        ('password="torn hunter2secret', "hunter2secret"),
        ("Server=db;Password=my hunter2secret phrase;Port=1", "hunter2secret"),
        ("Password=my hunter2secret phrase;Server=db", "hunter2secret"),
        ("Server=db;Password=it's my hunter2secret", "hunter2secret"),
        ('conn="Server=db; Pwd = my hunter2secret"', "hunter2secret"),
        ("Data Source=db;Password='two ; hunter2secret';Port=1", "hunter2secret"),
        ("proxy http://joe:my hunter2secret@proxy.local:3128/ is down", "hunter2secret"),
        ("proxy http://joe:p@hunter2secret@proxy.local:3128/", "hunter2secret"),
    ],
)
def test_others_go_by_the_look_of_their_place(redactor: Redactor, text: str, secret: str) -> None:
    assert secret not in redactor.text(text)


@pytest.mark.parametrize("piece", ["a.", "a-", "token-", "--token-", "a+b.", "x://a:", "token "])
def test_no_text_takes_for_ever(piece: str) -> None:
    text = piece * (16_000 // len(piece))
    assert Secrets().remove(f"{text}\npassword=hunter2secret").endswith("=***")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("unit SN-1001 failed", "unit SN-1 failed"),
        ("unit sn-1001, again", "unit SN-1, again"),
        ("report_SN-1001_2 is odd", "report_SN-1_2 is odd"),
        ("SN-1001.json or b/SN-1001.json", "FILE-2.json or b/FILE-2.json"),
        ("unit 77 81 of kim.larsen at FCT-04.", "unit SN-2 of USER-1 at HOST-1."),
        ("not kim.larsens", "not kim.larsens"),
        ("root may", "root may"),
        ("serial number X99 unheard of", "serial number SN-4 unheard of"),
        ("took /srv/a/SN-1001.json with wsjf: 1 new", "took /srv/DIR-2/FILE-2.json with wsjf: 1 new"),
        ("at /srv/Test Results/x 1.json: no", "at /srv/DIR-1/FILE-1.json: no"),
        ("/h/data/line1/errors/b.txt", "<data>/line1/errors/FILE-2.txt"),
        (
            'File "/opt/py/site-packages/aiohttp/client.py", line 7',
            'File "<packages>/aiohttp/client.py", line 7',
        ),
        ('File "/home/kim.larsen/My Tests/a b.py", line 7', 'File "/home/USER-1/DIR-2/DIR-3", line 7'),
        ("token-missing: There is no token", "token-missing: There is no token"),
        ('POST "/api/Report/WSJF" answered', 'POST "/api/Report/WSJF" answered'),
        (r"C:\Users\Kim\r.xml", "C:/Users/DIR-2/FILE-2.xml"),
        (r"\\nas\share\r.xml", "//HOST-3/DIR-2/FILE-2.xml"),
        ("https://wats.factory.local:8443/api/Report/WSJF?x=1", "https://HOST-2:8443/api/Report/WSJF?***"),
        ("Cannot connect to host wats.factory.local:443 ssl", "Cannot connect to host HOST-2:443 ssl"),
        ("10.1.2.3 and 10.1.2.3, not 127.0.0.1", "IP-1 and IP-1, not 127.0.0.1"),
        ("fe80::1ff:fe23:4567:890a at 12:00:59", "IP-1 at 12:00:59"),
        ("mail kim@factory.example", "mail MAIL-1"),
        ("00:1a:2b:3c:4d:5e", "MAC-1"),
        ("version 2026.1.5.324 took 1/2", "version 2026.1.5.324 took 1/2"),
        ("stationmaster.runtime.intake", "stationmaster.runtime.intake"),
        ("The server refused the report (422): bad date.", "The server refused the report (422): bad date."),
    ],
)
def test_names_and_places_have_pseudonyms(redactor: Redactor, text: str, told: str) -> None:
    assert redactor.text(text) == told


def test_fields_are_known_by_their_names_and_then_everywhere(redactor: Redactor) -> None:
    entry = {
        "serial_number": "ZZ-9",
        "part_number": "PCBA-001",
        "dismissed_by": "ole",
        "reason": "ZZ-9 of ole",
        "receipt": '{"id":"1"}',
        "server": {"proxy_password": "x", "url": "https://new.example/api", "ports": [1, None, True]},
        "station": {"name": "Line 4", "location": "Hall 2"},
        "secrets": {"store": "file"},
    }
    told = redactor.value(entry)
    assert told["serial_number"] == "SN-4"
    assert told["part_number"] == "PN-1"
    assert told["reason"] == "SN-4 of USER-2"
    assert told["server"]["proxy_password"] == "***"
    assert told["server"]["ports"] == [1, None, True]
    assert told["station"] == {"name": "HOST-4", "location": "PLACE-1"}
    assert told["secrets"] == {"store": "file"}
    mapping = redactor.names.mapping()
    assert mapping["SN-4"] == "ZZ-9"
    assert redactor.text("SN-4") == "SN-4", "a pseudonym is not replaced again"


def test_a_leak_is_seen_in_any_coding() -> None:
    secrets = Secrets()
    secrets.know(TOKEN)
    for code in ("utf-8", "utf-16-le", "utf-16-be"):
        assert secrets.leak(f"x{PASSWORD}".encode(code))
    assert secrets.leak(base64.b64encode(f"xy{TOKEN}".encode()))
    assert not secrets.leak(b"nothing here")


def test_the_shells_folder_is_no_password() -> None:
    secrets = Secrets()
    secrets.know_variables({"PWD": "/srv/results", "OLDPWD": "/home/kim", "DB_PWD": "hunter2secret"})
    assert secrets.remove("/srv/results of /home/kim, hunter2secret") == "/srv/results of /home/kim, ***"


@pytest.mark.parametrize(
    "text",
    [
        "12 of 15 passed; the password is asked for again",
        "compass=north; bypass: on",
        "Server=db;Port=1;Timeout=3 s",
        "it took 3 s; then https://localhost/api/Report answered",
    ],
)
def test_words_that_only_look_telling_stay(text: str) -> None:
    assert Secrets().remove(text) == text


def test_what_stands_beside_a_secret_in_a_connection_string_stays() -> None:
    told = Secrets().remove("Server=db;Password=two words;Port=1 is refused")
    assert told == "Server=db;Password=***;Port=1 is refused"


def test_a_long_torn_value_takes_no_long_time() -> None:
    """Each pattern is linear: a log of megabytes is read with it."""
    for piece in ("\\\\", '\\"', "a;pwd=", "'", "http://a:", "password='\\"):
        text = 'password="' + piece * 20_000
        assert "password=***" in Secrets().remove(text)
