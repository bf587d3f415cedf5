"""The size ratchet: how long functions, files and lines may be, and the exceptions, which can only shrink."""

import ast
import json

import cpp_source

FUNCTION_LINES = 60
FILE_LINES = {".h": 250, ".cc": 500, ".py": 500, ".sh": 500, ".proto": 500}
COLUMNS = 120
WIDE_SUFFIXES = (".h", ".cc", ".py", ".sh", ".proto", ".cmake", "CMakeLists.txt", "dev", ".ci/run")
RATCHET = "tests/repository/ratchet.json"


def check(tree):
    """Over the limit is a violation, unless ratchet.json names the place with exactly its present size."""
    exceptions = dict(json.loads(tree.text(RATCHET))) if RATCHET in tree else {}
    violations = []
    for place, size, limit, what in _measured(tree):
        if size <= limit:
            continue
        allowed = exceptions.pop(place, None)
        if allowed is None:
            violations.append(f"{place}: {size} lines; a {what} has at most {limit}")
        elif size > allowed:
            violations.append(f"{place}: grew to {size} lines; its exception in ratchet.json says {allowed}")
        elif size < allowed:
            violations.append(f"{place}: shrank to {size} lines; write that into ratchet.json in place of {allowed}")
    violations += [f"{place}: is within the limit (or gone); remove it from ratchet.json" for place in exceptions]
    return violations + _wide_lines(tree)


def _measured(tree):
    for path in tree.paths:
        suffix = "." + path.rpartition(".")[2]
        if suffix not in FILE_LINES:
            continue
        text = tree.text(path)
        yield path, text.count("\n"), FILE_LINES[suffix], f"{suffix} file"
        for name, lines in _functions(suffix, text):
            yield f"{path}:{name}", lines, FUNCTION_LINES, "function"


def _functions(suffix, text):
    if suffix in (".h", ".cc"):
        return [(function.name, function.lines) for function in cpp_source.functions(text)]
    if suffix == ".py":
        return [(node.name, node.end_lineno - node.lineno + 1) for node in ast.walk(ast.parse(text))
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return []


def _wide_lines(tree):
    violations = []
    for path in tree.with_suffix(*WIDE_SUFFIXES):
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            if len(line) > COLUMNS:
                violations.append(f"{path}:{number}: {len(line)} columns; at most {COLUMNS}")
    return violations
