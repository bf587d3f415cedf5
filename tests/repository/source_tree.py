"""The files of the repository, as the checks see them."""

import os
import pathlib
import subprocess

# Folders of a checkout that hold no source.
IGNORED_FOLDERS = {".git", "build", ".cache", "node_modules", "__pycache__"}


class SourceTree:
    """A root folder and the sorted paths (relative, with slashes) of the files that belong to the project."""

    def __init__(self, root, paths):
        self.root = pathlib.Path(root)
        self.paths = sorted(paths)
        self._path_set = set(self.paths)
        self._texts = {}

    @classmethod
    def open(cls, root):
        """Tracked files and new ones that git does not ignore; in a tree without git, every file."""
        return cls(root, _paths_from_git(root) or _paths_from_walk(root))

    def __contains__(self, path):
        return path in self._path_set

    def text(self, path):
        """The file's text, or None if it is not UTF-8 text."""
        if path not in self._texts:
            try:
                self._texts[path] = (self.root / path).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                self._texts[path] = None
        return self._texts[path]

    def with_suffix(self, *suffixes):
        return [path for path in self.paths if path.endswith(suffixes)]


def _paths_from_git(root):
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if not os.path.exists(os.path.join(root, ".git")):
        return []
    listing = subprocess.run(command, capture_output=True, check=False)
    if listing.returncode != 0:
        return []
    paths = listing.stdout.decode("utf-8").split("\0")
    return [path for path in paths if path and os.path.isfile(os.path.join(root, path))]


def _paths_from_walk(root):
    paths = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in IGNORED_FOLDERS]
        relative = os.path.relpath(folder, root)
        paths += [os.path.normpath(os.path.join(relative, name)).replace(os.sep, "/") for name in files]
    return paths
