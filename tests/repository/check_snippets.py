"""What the guide shows is what the tests compile.

A block of C++ in docs/guide/ follows a line `<!-- snippet: path name -->` and is, but for indentation, what stands in
that file between the lines `// [name]` and `// [/name]`.
"""

import re
import textwrap

GUIDE = "docs/guide/"
SNIPPETS = "tests/guide/"
_REFERENCE = re.compile(r"<!-- snippet: (\S+) (\S+) -->")
_BEGIN = re.compile(r"^\s*// \[([\w-]+)\]$")


def check(tree):
    violations, shown = [], set()
    for page in tree.with_suffix(".md"):
        if page.startswith(GUIDE):
            violations += _page_violations(tree, page, shown)
    for path in tree.with_suffix(".h", ".cc"):
        if path.startswith(SNIPPETS):
            for name in map(_begun, tree.text(path).split("\n")):
                if name and (path, name) not in shown:
                    violations.append(f"{path}: no page of the guide shows the snippet {name}")
    return violations


def _begun(line):
    match = _BEGIN.match(line)
    return match and match.group(1)


def _page_violations(tree, page, shown):
    violations = []
    lines = tree.text(page).split("\n")
    for number, line in enumerate(lines):
        if line.strip() != "```cpp":
            continue
        reference = _REFERENCE.fullmatch(lines[number - 1].strip()) if number else None
        if not reference:
            violations.append(f"{page}:{number + 1}: no `<!-- snippet: path name -->` before this block")
            continue
        path, name = reference.groups()
        shown.add((path, name))
        end = next((i for i in range(number + 1, len(lines)) if lines[i].strip() == "```"), len(lines))
        snippet = _snippet(tree, path, name)
        if snippet is None:
            violations.append(f"{page}:{number + 1}: {path} has no snippet {name}")
        elif snippet != textwrap.dedent("\n".join(lines[number + 1:end])).strip():
            violations.append(f"{page}:{number + 1}: differs from the snippet {name} in {path}; "
                              "tests/repository/check_snippets.py rewrites the guide")
    return violations


def _snippet(tree, path, name):
    if path not in tree:
        return None
    found = re.search(rf"^[ ]*// \[{re.escape(name)}\]\n(.*?)^[ ]*// \[/{re.escape(name)}\]$", tree.text(path),
                      re.DOTALL | re.MULTILINE)
    return textwrap.dedent(found.group(1)).strip() if found else None


def rewritten(tree, page):
    """The text of the page with every block as it is in the tests."""
    def fresh(match):
        snippet = _snippet(tree, match.group(2), match.group(3))
        return match.group(0) if snippet is None else f"{match.group(1)}\n```cpp\n{snippet}\n```"
    return re.sub(r"(<!-- snippet: (\S+) (\S+) -->)\n```cpp\n.*?^```", fresh, tree.text(page),
                  flags=re.DOTALL | re.MULTILINE)


if __name__ == "__main__":
    import pathlib

    from source_tree import SourceTree

    ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
    TREE = SourceTree.open(ROOT)
    for PAGE in TREE.with_suffix(".md"):
        if PAGE.startswith(GUIDE):
            (ROOT / PAGE).write_text(rewritten(TREE, PAGE), encoding="utf-8")
