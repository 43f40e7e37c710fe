"""Reading a file out of a pack: never more of it than the manifest says, and nothing else than it says.

A zip may come from anywhere, and a few bytes of it may unpack to as many as one likes.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from stationmaster.archive.manifest import Member, PackError

_CHUNK = 1 << 20
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)


def pieces(pack: zipfile.ZipFile, path: Path, member: Member) -> Iterator[bytes]:
    """The content of a member, piece by piece. It is what the manifest says once this ends without an error.

    Raises:
        PackError: it is not there, is damaged, or is longer, shorter or other than the manifest says.
        OSError: the pack cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        info = pack.getinfo(member.name)
    except KeyError as error:
        raise PackError(f"{member.name} is not in {path}, though its manifest lists it.") from error
    if info.compress_type not in _METHODS:
        raise PackError(f"{member.name} in {path} is compressed in a way that no pack is.")
    try:
        with pack.open(info) as source:  # its end compares the CRC
            while piece := source.read(_CHUNK):
                size += len(piece)
                if size > member.size:
                    break
                digest.update(piece)
                yield piece
    except _DAMAGE as error:
        raise PackError(f"{member.name} in {path} is damaged: {error}.") from error
    if size != member.size or digest.hexdigest() != member.sha256:
        raise PackError(f"{member.name} in {path} is not what its manifest says.")
