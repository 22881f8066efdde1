"""Label pairs in JupyterLab: the same as ``python -m semcache label``, as a widget."""

import html
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from semcache.evaluate.label_command import agreements
from semcache.evaluate.label_file import column_of, read_labels, save
from semcache.evaluate.labelling import BACK, Labelling

__all__ = ["Labeller"]

_NAMES = {"y": "yes (y)", "n": "no (n)", "u": "unsure (u)", BACK: "back (b)"}
_BOX = (
    "white-space: pre-wrap; border-left: 3px solid #0072B2; padding: 0.3em 0.8em; margin: 0.4em 0"
)


class Labeller:
    r"""Shows one pair after the other; a letter in its box, or a button, labels it.

    Each answer is saved at once, into the file itself. Scores are not shown.

    Attributes:
        labelling: The labels so far.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder, "mine.pairs.csv")
        ...     _ = path.write_text("a,b,same\nrefund,my money back,\n")
        ...     labeller = Labeller(path)
        ...     labeller.press("y")
        ...     path.read_text()
        'a,b,same\nrefund,my money back,yes\n'
    """

    def __init__(self, path: Path | str, reader: str | None = None, seed: int | None = 0) -> None:
        """Open a file of pairs and go on where its labels end.

        Args:
            path: A CSV file, as ``python -m semcache pairs`` writes it.
            reader: Label in a column of your own, to compare; ``None``: in ``same``.
            seed: Of the order in which pairs are shown; ``None``: as in the file.

        Raises:
            SemcacheError: The file cannot be used.
        """
        self._path, self._column = Path(path), column_of(reader)
        self._file = read_labels(path)
        self.labelling = Labelling.of(self._file.labels(self._column), seed)
        self._shown = widgets.HTML()
        self._key = widgets.Text(
            placeholder="y, n, u or b", description="Key", layout={"width": "14em"}
        )
        self._key.observe(self._typed, names="value")
        buttons = [widgets.Button(description=name) for name in _NAMES.values()]
        for key, button in zip(_NAMES, buttons, strict=True):
            button.on_click(lambda _, key=key: self.press(key))
        self.widget = widgets.VBox([self._shown, widgets.HBox([self._key, *buttons])])
        self._show()

    def press(self, key: str) -> None:
        """Do what a key does: y, n and u label the pair that is shown, b goes back.

        Raises:
            ConfigError: The label cannot be saved.
        """
        before, after = self.labelling, self.labelling.press(key)
        if after.labels != before.labels:
            save(self._path, self._column, after.labels)
        self.labelling = after
        self._show()

    def _typed(self, change: dict[str, Any]) -> None:
        typed = change["new"]
        if not typed:
            return
        self._key.value = ""
        for key in typed:
            self.press(key)

    def _show(self) -> None:
        row = self.labelling.current
        self._shown.value = self._done() if row is None else self._pair(row)

    def _pair(self, row: int) -> str:
        cached, asked = (html.escape(text) for text in self._file.texts(row))
        labels = self.labelling.labels
        given = f" [{labels[row]}]" if labels[row] else ""
        return (
            f"<p>{self.labelling.number:,} of {len(labels):,}{given}: is the answer to the first "
            f"question right for the second?</p>"
            f'<div style="{_BOX}">{cached}</div><div style="{_BOX}">{asked}</div>'
        )

    def _done(self) -> str:
        said = [f"All {len(self.labelling.labels):,} pairs are labelled, in {self._path}"]
        said += agreements(read_labels(self._path))
        return "".join(f"<p>{html.escape(line)}</p>" for line in said)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)  # what a notebook shows
