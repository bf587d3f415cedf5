"""Small trees for the checks' own tests."""

import pathlib
import tempfile

from source_tree import SourceTree


class SyntheticTree:
    """A context manager: writes the files into a folder of its own and answers the SourceTree over it."""

    def __init__(self, files):
        self.files = files
        self.folder = None

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        for path, text in self.files.items():
            file = pathlib.Path(self.folder.name) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return SourceTree.open(self.folder.name)

    def __exit__(self, *unused):
        self.folder.cleanup()
