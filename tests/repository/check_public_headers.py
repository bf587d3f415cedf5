"""The public surface is a list that somebody decided on: public_headers.txt."""

LIST = "tests/repository/public_headers.txt"


def check(tree):
    listed = {line for line in (tree.text(LIST) if LIST in tree else "").split("\n") if line and line[0] != "#"}
    present = {path for path in tree.with_suffix(".h") if _is_public(path)}
    violations = [f"{path}: is public but not in {LIST}" for path in sorted(present - listed)]
    violations += [f"{path}: is in {LIST} but not in the tree" for path in sorted(listed - present)]
    return violations + _outside_include_root(tree)


def _is_public(path):
    installed = path.startswith("sdk/include/") or path.startswith("connectors/") and "/include/" in path
    return installed and "/internal/" not in path


def _outside_include_root(tree):
    """Whatever is installed lies under weir/: an unprefixed header would meet somebody else's."""
    violations = []
    for path in tree.paths:
        before, found, after = path.partition("/include/")
        installed = before == "sdk" or before.startswith("connectors/")
        if found and installed and not after.startswith("weir/"):
            violations.append(f"{path}: public headers lie under include/weir/")
    return violations
