"""A translation is made from the source, compiled, found by the locale, and shown."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication, QListWidget

import translate
from fakes.station import Station
from fakes.tray import attached
from fakes.waiting import until
from stationmaster_tray.seen import Contact
from stationmaster_tray.text import plural, tr
from stationmaster_tray.translation import install
from stationmaster_tray.window import Window

POLISH = {
    "Overview": ("Przegląd",),
    "Nothing here matches “{text}”.": ("„{text}” nie występuje.",),
    "{count} entries are dismissed.": ("{count} wpis", "{count} wpisy", "{count} wpisów"),
}


def fill(file: Path) -> None:
    """Do a translator's work."""
    tree = ET.parse(file)  # noqa: S314 - we made it
    for message in tree.iter("message"):
        words = POLISH.get(message.findtext("source") or "", ())
        translation = message.find("translation")
        assert translation is not None
        if not words:
            continue
        translation.attrib.clear()
        for form in list(translation):
            translation.remove(form)
        if message.get("numerus"):
            for word in words:
                ET.SubElement(translation, "numerusform").text = word
        else:
            translation.text = words[0]
    tree.write(file, encoding="utf-8", xml_declaration=True)


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """A folder with a small Polish translation."""
    file = tmp_path / "stationmaster_pl.ts"
    translate.update(file, "pl")
    fill(file)
    translate.compile_to(file, tmp_path / "stationmaster_pl.qm")
    return tmp_path


async def test_a_translation_is_loaded_by_locale_and_shown(
    app: QApplication, tmp_path: Path, compiled: Path
) -> None:
    installed = install(app, QLocale("pl_PL"), compiled)
    try:
        assert installed
        assert tr("Nothing here matches “{text}”.", text="x") == "„x” nie występuje."
        counted = [
            plural(count, "{count} entry is dismissed.", "{count} entries are dismissed.")
            for count in (1, 2, 5, 22)
        ]
        assert counted == ["1 wpis", "2 wpisy", "5 wpisów", "22 wpisy"]
        assert plural(1, "{count} step", "{count} steps") == "1 step", "what nobody translated stays English"
        async with Station(tmp_path / "s") as station, attached(station, wait=False) as desk:
            await until(lambda: desk.seen.contact is Contact.GONE, what="that there is no agent")
            window = Window(desk)
            pages = window.findChild(QListWidget)
            assert isinstance(pages, QListWidget)
            assert [pages.item(row).text() for row in range(2)] == ["Przegląd", "Queue & Errors"]
            window.close()
    finally:
        for one in installed:
            app.removeTranslator(one)


def test_another_language_leaves_the_texts_as_they_are(app: QApplication, compiled: Path) -> None:
    assert install(app, QLocale("sv_SE"), compiled) == ()
    assert tr("Overview") == "Overview"
    assert plural(1, "{count} entry is dismissed.", "{count} entries are dismissed.").startswith("1 entry is")


def test_what_is_translated_already_is_kept_and_what_is_gone_is_dropped(compiled: Path) -> None:
    file = compiled / "stationmaster_pl.ts"
    gone = "<message><source>Of long ago</source><translation>Dawno</translation></message></context>"
    file.write_text(file.read_text(encoding="utf-8").replace("</context>", gone), encoding="utf-8")
    translate.update(file, "pl")
    text = file.read_text(encoding="utf-8")
    assert "Przegląd" in text
    assert "<numerusform>{count} wpisy</numerusform>" in text
    assert "Of long ago" not in text


def test_every_text_is_found_also_what_settings_say_of_themselves() -> None:
    found = translate.texts()
    assert found["{count} entries are dismissed."].counted
    assert not found["Overview"].counted
    assert any(one.file == "docs/settings.md" and len(one.words) > 40 for one in found.values())
    assert len(found) > 400
