"""Names say what one would look for there."""

import re

# Words that say nothing, wherever they stand in a name.
EMPTY_WORDS = {"util", "utils", "utility", "utilities", "helper", "helpers", "misc", "stuff"}
# Words that say nothing when they are the whole name.
EMPTY_NAMES = {"base", "core", "lib", "engine", "framework", "impl"}
_VERSIONED_WORD = re.compile(r"(manager|service|server|client|common|worker|task|job|test|new|old)\d+")


def check(tree):
    violations = []
    for part, path in sorted(_name_parts(tree)):
        stem = part.split(".")[0]
        words = [word for word in re.split(r"[_\-.]", part.lower()) if word]
        empty = [word for word in words if word in EMPTY_WORDS or _VERSIONED_WORD.fullmatch(word)]
        if stem.lower() in EMPTY_NAMES:
            empty.append(stem)
        if empty:
            violations.append(f"{path}: the name says nothing: {', '.join(empty)}")
    return violations


def _name_parts(tree):
    """Every file and folder name once, with a path that leads to it."""
    parts = set()
    for path in tree.paths:
        names = path.split("/")
        for index, name in enumerate(names):
            parts.add((name, "/".join(names[:index + 1])))
    return parts
