"""Each module says what belongs there, links lead somewhere, and every dependency is recorded."""

import re

import cmake_source

MODULE_FOLDERS = ("sdk", "proto", "common", "connectors", "taskmanager", "jobmanager", "cli", "minicluster", "examples",
                  "benchmarks", "tests")
DEPENDENCIES = "docs/dependencies.md"
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PACKAGE_LIST = re.compile(r"^readonly \w*packages=\(\n(.*?)^\)", re.MULTILINE | re.DOTALL)


def check_readmes(tree):
    """A folder that has content has a README.md."""
    sources = {path.split("/")[0] for path in tree.with_suffix(".h", ".cc", ".proto", ".py")}
    return [f"{folder}/README.md is missing: what belongs there, what does not, the map of its files"
            for folder in MODULE_FOLDERS if folder in sources and f"{folder}/README.md" not in tree]


def check_links(tree):
    """Relative links of every page name a file or folder of the tree."""
    folders = {"/".join(path.split("/")[:depth]) for path in tree.paths for depth in range(1, path.count("/") + 1)}
    violations = []
    for path in tree.with_suffix(".md"):
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            for target in _LINK.findall(line):
                resolved = _resolved(path, target)
                if resolved is not None and resolved not in tree and resolved not in folders:
                    violations.append(f"{path}:{number}: the link to {target} leads nowhere")
    return violations


def _resolved(page, target):
    """The path that a link of a page means, or None if it leaves the tree (a URL) or stays on the page."""
    target = target.partition("#")[0]
    if not target or ":" in target:
        return None
    parts = page.split("/")[:-1]
    for part in target.rstrip("/").split("/"):
        if part == "..":
            if not parts:
                return target
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or "README.md"


def check_dependencies(tree):
    """Every package that ./dev installs and every library that CMake looks for stands in docs/dependencies.md."""
    page = tree.text(DEPENDENCIES) if DEPENDENCIES in tree else ""
    recorded = {word.lower() for word in re.findall(r"`([^`]+)`", page)} | {"weir"}
    violations = [f"dev: installs {package}, which {DEPENDENCIES} does not record"
                  for package in _installed_packages(tree) if package.lower() not in recorded]
    for path in tree.with_suffix(".cmake", "CMakeLists.txt"):
        for command in cmake_source.commands(tree.text(path)):
            if command.name == "find_package" and command.arguments[0].lower() not in recorded:
                violations.append(f"{path}:{command.line}: looks for {command.arguments[0]}, which {DEPENDENCIES} "
                                  "does not record")
    return violations


def _installed_packages(tree):
    lists = _PACKAGE_LIST.findall(tree.text("dev")) if "dev" in tree else []
    lines = [line.partition("#")[0] for text in lists for line in text.split("\n")]
    return [package for line in lines for package in line.split()]
