"""The text of the repository speaks of the project alone, and leaves nothing for later."""

import re

# Written in two halves so that this file does not match itself.
_MARKERS = "|".join(("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"))

RULES = (
    ("an open end: finish it or file it as an issue", re.compile(rf"\b(?:{_MARKERS})\b")),
    ("a path of one machine", re.compile(r"(?<![\w.}/\-])/(?:work|root|home)(?![\w\-])")),
    ("a path outside the repository", re.compile(r"\.\./sha" r"red\b|/tmp/bri" r"ef")),
    ("a host of a package registry", re.compile(
        r"\b(?:deb|security|snapshot)\.deb" r"ian\.org|\brepo1?\.maven\.(?:apache\.)?or" r"g|\bpypi\.or" r"g"
        r"|\bpythonhosted\.or" r"g|\bregistry\.npmjs\.or" r"g|\bproxy\.golang\.or" r"g|\bartifac" r"tory\b",
        re.IGNORECASE)),
)
_TEMPORARY_PATH = re.compile(r"(?<![\w.}])/tmp/\w")


def check(tree):
    violations = []
    for path in tree.paths:
        text = tree.text(path)
        if text is None or path == "LICENSE":
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for what, pattern in RULES:
                if pattern.search(line):
                    violations.append(f"{path}:{number}: {what}: {line.strip()[:80]}")
            if _TEMPORARY_PATH.search(line) and not _may_name_temporary_paths(path, text):
                violations.append(f"{path}:{number}: a fixed temporary path: {line.strip()[:80]}")
    return violations


def _may_name_temporary_paths(path, text):
    """Tests compare such strings; a script that calls mktemp has its own folder."""
    return path.startswith("tests/") or "mktemp" in text
