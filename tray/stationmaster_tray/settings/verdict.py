"""PURE: what the line beside Save says."""

from __future__ import annotations

from stationmaster_tray.text import plural, tr


def verdict(*, changes: int, faults: int, conflict: bool, nowhere: str, restarts: bool) -> tuple[str, str]:
    """The words, and the role of their colour.

    Args:
        changes: settings that were changed here.
        faults: those that are wrong.
        conflict: something was changed elsewhere meanwhile.
        nowhere: what is wrong and stands beside no setting.
        restarts: to save begins the station anew.
    """
    if conflict:
        return tr("! Changed elsewhere meanwhile: decide beside the setting which value holds."), "calm"
    if nowhere:
        return f"✗ {nowhere}", "call"
    if faults:
        return plural(faults, "✗ {count} setting is wrong.", "✗ {count} settings are wrong."), "call"
    if not changes:
        return "", "quiet"
    text = plural(changes, "{count} change is not saved.", "{count} changes are not saved.")
    if restarts:
        text = tr("{text} Saving begins the station anew; nothing is lost by that.", text=text)
    return text, "quiet"
