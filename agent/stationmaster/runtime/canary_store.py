"""The file in which an instance keeps what is known of its canary. All calls block for a moment."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

import msgspec

from stationmaster.canary import Canary
from stationmaster.config.atomic import read_text, replace_text
from stationmaster.errors import ConfigError, ControlError
from stationmaster.home.paths import Home, make_private

_WRITING = Lock()
"""An order and the instance's own task may write at once, and `replace_text` has one temporary file."""


def shared_modules(folder: Path) -> list[Path]:
    """Modules that the converters of a folder share."""
    return sorted(folder.glob("_*.py"))


def shared_code(folder: Path) -> dict[str, str]:
    """Their names, and what the code of each is, as `ConverterInfo.code` tells of a converter's.

    Raises:
        ConfigError: one cannot be read.
    """
    try:
        return {one.name: hashlib.sha256(one.read_bytes()).hexdigest()[:12] for one in shared_modules(folder)}
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be read: {error.strerror}.", next_step="Check the rights there."
        ) from error


class CanaryStore:
    """The canary's folder of one instance."""

    def __init__(self, home: Home, name: str) -> None:
        """Nothing is read or made yet."""
        self._name = name
        self.folder = home.canary(name)
        self.code = self.folder / "converter"
        """Its module, as it was when it was started: what becomes of the original meanwhile is no matter."""
        self.new = self.folder / "converter.new"
        """That of one which is about to begin: the former can still be promoted until it does."""
        self.work = self.folder / "work"
        self.kept = self.folder / "kept"
        """Files on their way: private copies, bounded in number and size."""
        self._file = home.canary_state(name)
        self._settings = home.instance_file(name)

    def read(self) -> Canary | None:
        """The canary, or the last one; None where there was none, or its file is of no use."""
        try:
            text = read_text(self._file)
            return None if text is None else msgspec.json.decode(text, type=Canary)
        except (ConfigError, msgspec.DecodeError):
            return None

    def known(self) -> Canary:
        """The canary, or the last one.

        Raises:
            ControlError: there never was one.
        """
        found = self.read()
        if found is None:
            raise ControlError(
                f"{self._name} has no canary.",
                status=404,
                code="not-found",
                next_step=f"Start one: stationmaster converter canary start {self._name} --converter FILE",
            )
        return found

    def open(self) -> Canary | None:
        """The canary, with what an earlier run left on its way removed.

        Raises:
            ConfigError: the folder for files cannot be made.
        """
        found = self.read()
        if found is not None and found.running:
            self.sweep()
        else:
            self.clear()
        return found

    def write(self, canary: Canary) -> None:
        """Keep it; on disk when this returns. That of an instance which was removed is not kept.

        Raises:
            ConfigError: it cannot be written.
        """
        with _WRITING:
            if not self._settings.exists():
                return
            make_private(self.folder)
            replace_text(self._file, msgspec.json.encode(canary).decode())

    def sweep(self) -> None:
        """Remove what an earlier run left on its way; make the folder for files.

        Raises:
            ConfigError: it cannot be made.
        """
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.rmtree(self.work, ignore_errors=True)
        make_private(self.kept)

    def clear(self) -> None:
        """Remove the files on their way and the workers' folder: nobody needs them now."""
        for folder in (self.kept, self.work):
            shutil.rmtree(folder, ignore_errors=True)

    def install(self, content: bytes | None, filename: str, shared: Iterable[Path]) -> Path:
        """Lay a new canary's code down, with the modules that the instance's converters share.

        Args:
            content: of its file; None: it is installed.
            filename: its name.
            shared: modules that it may import.

        Raises:
            ConfigError: it cannot be written.
        """
        self.drop_new()
        make_private(self.new)
        for path in shared:
            with contextlib.suppress(OSError):  # one that it needs is missed when it is loaded
                shutil.copyfile(path, self.new / path.name)
        place = self.new / filename
        if content is not None:
            try:
                place.write_bytes(content)
            except OSError as error:
                raise ConfigError(
                    f"{place} cannot be written: {error.strerror}.",
                    next_step="Check the room and rights there.",
                ) from error
        return place

    def drop_new(self) -> None:
        """Remove what was laid down for a canary that does not begin."""
        shutil.rmtree(self.new, ignore_errors=True)

    def take_new(self) -> None:
        """Let the code that was laid down be the canary's.

        Raises:
            ConfigError: it cannot be moved.
        """
        shutil.rmtree(self.code, ignore_errors=True)
        try:
            self.new.rename(self.code)
        except OSError as error:
            raise ConfigError(
                f"{self.code} cannot be replaced: {error.strerror}.", next_step="Try it again."
            ) from error
