"""A box with the stations there are."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox

from stationmaster_tray.seen import Seen


def show_stations(box: QComboBox, seen: Seen) -> bool:
    """Offer the stations of the snapshot, keeping the one that is chosen; False where nothing changed."""
    names = [one.name for one in seen.status.instances] if seen.status else []
    if seen.status is None or [box.itemText(row) for row in range(box.count())] == names:
        return False
    chosen = box.currentText()
    box.blockSignals(True)
    box.clear()
    box.addItems(names)
    box.setCurrentIndex(max(0, box.findText(chosen)) if names else -1)
    box.blockSignals(False)
    return True
