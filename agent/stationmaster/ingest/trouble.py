"""Why a watch folder cannot be looked at."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass

from stationmaster.ingest.drive import DRIVE_STEP, missing_drive
from stationmaster.ingest.files import FolderHangsError
from stationmaster.model import ProblemCode


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a folder cannot be looked at."""

    code: ProblemCode
    text: str
    next_step: str
    time_to_visible: float

    @classmethod
    def of(
        cls,
        error: OSError | FolderHangsError,
        root: str,
        *,
        missing: Callable[[str], str] = missing_drive,
    ) -> Trouble:
        """The trouble that an error means.

        Args:
            missing: see `missing_drive`.
        """
        if isinstance(error, FolderHangsError):
            return cls(
                ProblemCode.FOLDER_HANGING,
                f"The watch folder {root} does not answer.",
                "Check the network share and its server. Other folders are not affected; "
                "this one is tried again by itself.",
                30.0,
            )
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            drive = missing(root)
            if drive:
                text = f"The watch folder {root} is not there: this account has no drive {drive}."
                return cls(ProblemCode.FOLDER_MISSING, text, DRIVE_STEP, 10.0)
            return cls(
                ProblemCode.FOLDER_MISSING,
                f"The watch folder {root} is not there.",
                "Create it, connect its drive, or correct the path in the station's settings.",
                10.0,
            )
        return cls(
            ProblemCode.FOLDER_UNREADABLE,
            f"The watch folder {root} cannot be read: {error.strerror or error}.",
            "Give the account that runs the agent the right to read it.",
            10.0,
        )
