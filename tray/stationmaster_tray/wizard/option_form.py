"""The options of the chosen converter, each with its own kind of editor; what stays as it is, is not sent."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from stationmaster.control.trial_protocol import ConverterOption, SettingForm
from stationmaster_tray.settings.row import SettingRow
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import label


class OptionForm(QScrollArea):
    """`changed`: one was edited."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Without options."""
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.rows: dict[str, SettingRow] = {}
        self.show_options(())

    def show_options(self, options: tuple[ConverterOption, ...]) -> None:
        """Those of another converter, at their defaults."""
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 4, 8, 4)
        column.setSpacing(10)
        self.rows = {one.name: SettingRow(_as_setting(one), inside) for one in options}
        if self.rows:
            column.addWidget(label(tr("Options"), parent=inside))
        for row, one in zip(self.rows.values(), options, strict=True):
            row.field.set_value(one.default)
            row.changed.connect(self.changed)
            column.addWidget(row)
        column.addStretch(1)
        self.setWidget(inside)

    def values(self) -> dict[str, Any]:
        """What is not at its default."""
        found = {name: row.field.value() for name, row in self.rows.items()}
        return {name: value for name, value in found.items() if value != self.rows[name].form.default}


def _as_setting(option: ConverterOption) -> SettingForm:
    return SettingForm(
        key=option.name,
        kind=option.kind,
        choices=option.choices,
        required=option.required,
        default=option.default,
        doc=option.doc,
    )
