"""A folder of this machine, or one that several machines share."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage

PIECE = 1 << 20
"""Bytes copied at once."""


class FolderStore(FileSystemStorage):
    """Files under MEDIA_ROOT. A file is there whole or not at all: it is written beside its place, then moved there."""

    def _save(self, name: str, content: Any) -> str:
        """Write it, to the disk itself. Saving the same name again replaces it. Raises OSError."""
        place = Path(self.path(name))
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
        try:
            with beside.open("xb") as file:
                for piece in content.chunks(PIECE):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)
        return name.replace("\\", "/")

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The name itself: ours say what they hold."""
        return name

    def url(self, name: str | None) -> str:
        """There is none. Raises NotImplementedError."""
        raise NotImplementedError("Files are handed out by our own views.")
