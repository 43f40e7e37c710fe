"""The user's language, where somebody has translated the tray into it; else the texts stay as they are."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

FOLDER = Path(__file__).with_name("translations")


def install(
    app: QCoreApplication, locale: QLocale | None = None, folder: Path = FOLDER
) -> tuple[QTranslator, ...]:
    """Speak the language of `locale`, the system's by default. Call it before any window is made.

    Returns:
        What was installed: our own texts, then those of Qt's dialogs; nothing for a language nobody knows.
    """
    locale = locale or QLocale()
    ours = QTranslator(app)
    if not ours.load(locale, "stationmaster", "_", str(folder)):
        return ()
    app.installTranslator(ours)
    dialogs = QTranslator(app)
    if not dialogs.load(locale, "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        return (ours,)
    app.installTranslator(dialogs)
    return ours, dialogs
