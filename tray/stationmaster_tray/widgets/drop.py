"""Files that a person drops onto a window or a list."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget


def files_of(mime: QMimeData) -> tuple[Path, ...]:
    """The files and folders of this computer that are dragged."""
    return tuple(Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile())


def accept_copy(event: QDropEvent) -> None:
    """Take a drop, leaving the file where it is: a file manager must not think that we moved it."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()


class FileDrop(QObject):
    """Lets files be dropped anywhere on a widget whose children do not take them. `dropped` carries them."""

    dropped = Signal(tuple)

    def __init__(self, widget: QWidget) -> None:
        """Listen to the widget's events."""
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Take files, leave everything else."""
        if isinstance(event, QDropEvent) and (files := files_of(event.mimeData())):
            accept_copy(event)
            if not isinstance(event, QDragMoveEvent):
                self.dropped.emit(files)
            return True
        return super().eventFilter(watched, event)
