"""XML of strangers: what is read, what is mended, what is refused."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stationmaster.api import ConversionError, Glimpse, Source, xml


def refused(data: bytes) -> str:
    with pytest.raises(ConversionError) as caught:
        xml.parse(data, name="a.xml")
    return str(caught.value)


def test_a_document_is_read_without_comments_and_instructions() -> None:
    root = xml.parse(
        b'<?xml version="1.0"?><a x="1"><!-- no --><b>t<i>e</i>xt</b><?php no?><b/></a>', name="a.xml"
    )
    assert xml.local_name(root) == "a"
    assert [xml.local_name(child) for child in xml.children(root)] == ["b", "b"]
    assert xml.child_text(root, "b") == "text"
    assert xml.child_text(root, "c", "none") == "none"
    assert xml.place(root) == "line 1 <a>"


def test_namespaces_are_left_out_of_local_names() -> None:
    root = xml.parse(b'<n:a xmlns:n="urn:n"><n:b/><c/></n:a>', name="a.xml")
    assert xml.local_name(root) == "a"
    assert len(list(xml.children(root, "b"))) == 1


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        b'<!DOCTYPE a [<!ENTITY e "x"><!ENTITY f "&e;&e;">]><a>&f;</a>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'.encode("utf-16"),
    ],
)
def test_entities_are_refused(data: bytes) -> None:
    assert "declares entities of its own" in refused(data)
    assert xml.first_tags(data) == []


def test_entities_hidden_from_the_first_look_are_refused_too() -> None:
    hidden = b'+ADw-!DOCTYPE a [+ADw-!ENTITY e "x">]>+ADw-a>&e;+ADw-/a>'
    assert "declares entities of its own" in refused(b'<?xml version="1.0" encoding="utf-7"?>' + hidden)


def test_a_document_type_without_entities_is_harmless() -> None:
    assert xml.local_name(xml.parse(b"<!DOCTYPE a><a/>", name="a.xml")) == "a"


def test_depth_and_size_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nests elements more than 100 deep" in refused(b"<a>" * 101 + b"</a>" * 101)
    assert xml.parse(b"<a>" * 100 + b"</a>" * 100, name="a.xml") is not None
    assert refused(b"<a>" * 5000 + b"</a>" * 5000)
    monkeypatch.setattr(xml, "MAX_BYTES", 10)
    assert "the bound for XML" in refused(b"<a>12345678</a>")


def test_open_reads_a_source_and_minds_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"<a/>")
    source = Source(path=path, name="a.xml", size=4, mtime=datetime.now(UTC))
    assert xml.local_name(xml.open(source)) == "a"
    monkeypatch.setattr(xml, "MAX_BYTES", 3)
    with pytest.raises(ConversionError, match="the bound for XML"):
        xml.open(source)


@pytest.mark.parametrize(
    "data",
    [
        b"<a>x\x01y</a>",
        b"<a>x&#1;y</a>",
        b"<a>x&#x0B;y</a>",
        b"<a>x\x1b[31my\x1b[0m</a>",
        b"<a>x&#27;[1;4my</a>",
    ],
)
def test_control_characters_are_removed_with_a_warning(data: bytes) -> None:
    warnings: list[str] = []
    root = xml.parse(data, name="a.xml", warnings=warnings)
    assert xml.inner_text(root) == "xy"
    assert warnings == ["control characters that XML does not allow were removed"]


def test_legal_references_stay_when_others_are_removed() -> None:
    root = xml.parse(b"<a>&#9;&#10;&#13;&#65;&#1;&amp;</a>", name="a.xml")
    assert xml.inner_text(root) == "\t\n\rA&"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("<a>é</a>".encode("cp1252"), "should be"),
        ('<?xml version="1.0" encoding="UTF-8"?><a>é</a>'.encode("cp1252"), "says it is"),
    ],
)
def test_bytes_that_are_not_utf8_are_read_as_the_fallback(data: bytes, said: str) -> None:
    warnings: list[str] = []
    assert xml.inner_text(xml.parse(data, name="a.xml", warnings=warnings)) == "é"
    assert said in warnings[0]
    assert xml.inner_text(xml.parse(data, name="a.xml", fallback="cp1251")) == "й"


@pytest.mark.parametrize(
    "data",
    [
        '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'.encode("iso-8859-1"),
        '<?xml version="1.0" encoding="utf-16"?><a>é</a>'.encode("utf-16"),
        codecs.BOM_UTF8 + "<a>é</a>".encode(),
        '<?xml version="1.0" encoding="iso-8859-1"?><a>é\x01</a>'.encode("iso-8859-1"),
        '<?xml version="1.0" encoding="utf-16"?><a>é\x01</a>'.encode("utf-16"),
    ],
)
def test_declared_encodings_are_honoured_also_when_mended(data: bytes) -> None:
    assert xml.inner_text(xml.parse(data, name="a.xml")) == "é"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not well-formed XML"),
        (b"\0\0\0\0", "not well-formed XML"),
        (b"<a>\n<b>\n</a>", "line 3: a.xml is not well-formed XML"),
        (b"<a>\x01<b></a>", "not well-formed XML"),
        (b"<a>x\0y</a>", "not well-formed XML"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "not well-formed XML"),
    ],
)
def test_what_is_not_well_formed_is_refused(data: bytes, reason: str) -> None:
    assert reason in refused(data)


def test_first_tags_look_at_a_beginning_only() -> None:
    first, second = xml.first_tags(b'<a:r xmlns:a="urn:n" k="v"><s>text</s><t', 5)
    assert (first.name, first.namespace, first.attributes) == ("r", "urn:n", {"k": "v"})
    assert (second.name, second.namespace) == ("s", "")
    assert [tag.name for tag in xml.first_tags(b"<a><b/><c/><d/></a>", 2)] == ["a", "b"]
    assert [tag.name for tag in xml.first_tags("<größe><b".encode("cp1252"))] == ["größe"]
    assert xml.first_tags(b"no markup") == []
    assert xml.first_tags(b"<") == []


@pytest.mark.parametrize(
    ("data", "closed"),
    [
        (b"<a></a>", True),
        (b"<a></a >\r\n<!-- by tool -->\n", True),
        (b'<x:a xmlns:x="u"></x:a>', True),
        ("<a></a>".encode("utf-16"), True),
        (b"<a/>", True),
        (b"<a><b/>", False),
        (b"<a></b>", False),
        (b"<a></a><", False),
        (b"", False),
    ],
)
def test_a_document_is_closed_by_its_root(data: bytes, closed: bool) -> None:  # noqa: FBT001 - a table
    assert xml.is_closed(Glimpse("a.xml", len(data), data, data), "a") is closed


def test_a_long_document_that_ends_in_a_short_tag_is_not_closed() -> None:
    assert not xml.is_closed(Glimpse("a.xml", 10**6, b"<a><b/>", b"<b/>"), "a")
