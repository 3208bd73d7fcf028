"""Replaces a file as a whole: the old one or the new one, at every moment."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(file: Path, content: str | bytes) -> None:
    """Replaces a file's content, also if the machine stops; a file keeps its mode.

    Args:
        file: in a folder that is there. A kill may leave ``.<name>.<letters>`` beside.
        content: text is written in UTF-8.

    Raises:
        OSError: if it can't be written; the file is as it was.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as stream:
            stream.write(data)
            stream.flush()
            if file.exists():
                os.fchmod(stream.fileno(), file.stat().st_mode & 0o777)
            os.fsync(stream.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
