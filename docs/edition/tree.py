"""The folder of derived pages: written where they changed, so that Sphinx reads only those anew."""

from pathlib import Path

__all__ = ["Tree"]


class Tree:
    """Files to be written below a folder; what is not among them is deleted there."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._files = folder, dict[str, bytes]()

    def add(self, path: str, content: str | bytes) -> None:
        """Add a file by its path below the folder."""
        self._files[path] = content.encode() if isinstance(content, str) else content

    def write(self) -> bool:
        """Bring the folder up to date; tell whether anything had changed."""
        changed = False
        for path, content in self._files.items():
            file = self._folder / path
            if not file.exists() or file.read_bytes() != content:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                changed = True
        for file in self._folder.rglob("*"):
            if file.is_file() and file.relative_to(self._folder).as_posix() not in self._files:
                file.unlink()
                changed = True
        return changed
