"""Every header compiles alone, included twice.

Compiling each by itself takes minutes. What was found good is remembered in the build tree under a hash of the header,
of everything of ours that it includes, and of the command. A header that a source includes first, and which the build
therefore compiles in that position anyway, is not compiled again. And one process checks a chain of headers, of which
each includes the one before, directly or not: what stands before a header there is what it includes by itself, so that
nothing helps it that would not without the others. That holds for a header whose includes come before its code (as to
the headers it includes: they are checked too); any other is compiled by itself, and so is each of a chain that fails,
for the sake of the complaint.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess

import cpp_source

_COMPILER_NAMES = ("c++", "g++", "clang++")
_WORKERS = 2
_HARMLESS_LINE = re.compile(r"\s*#\s*(include|pragma\s+once|if|ifdef|ifndef|elif|else|endif)\b")


class Compilation:
    """How the build compiles: compiler, language level, definitions and the union of all include folders."""

    def __init__(self, root, commands):
        self.root = pathlib.Path(root)
        self.compiler, self.flags, self.plain_sources = None, [], set()
        for command in commands:
            arguments = shlex.split(command["command"])
            self.compiler = self.compiler or _compiler(arguments)
            for flag in _relevant_flags(arguments):
                if flag not in self.flags:
                    self.flags.append(flag)
            if "-include" not in arguments:
                self.plain_sources.add(os.path.relpath(command["file"], self.root))
        # Public headers can be included whether or not a source of the build does so already.
        for folder in (".", "sdk/include", *sorted(self.root.glob("connectors/*/include"))):
            self.flags.append(("-I", str(self.root / folder)))
        self.folders = [flag[1] for flag in self.flags if flag[0] in ("-I", "-isystem")]

    def syntax_check(self):
        """The command; the source comes on its standard input."""
        flags = [word for flag in self.flags for word in flag if word]
        return [self.compiler, *flags, "-fsyntax-only", "-x", "c++", "-"]

    def find(self, included, header):
        """The file of ours that an #include means, or None."""
        for folder in (self.root, *map(pathlib.Path, self.folders)):
            candidate = folder / included
            if candidate.is_file() and self.root in candidate.parents:
                return candidate
        return None


def _compiler(arguments):
    for argument in arguments:
        name = os.path.basename(argument)
        if any(name == known or name.startswith(known + "-") for known in _COMPILER_NAMES):
            return argument
    return None


def _relevant_flags(arguments):
    for index, argument in enumerate(arguments):
        if argument == "-isystem":
            yield (argument, arguments[index + 1])
        elif argument.startswith("-isystem"):
            yield ("-isystem", argument[len("-isystem"):])
        elif argument.startswith("-I") and len(argument) > 2:
            yield ("-I", argument[2:])
        elif argument.startswith(("-D", "-std=")):
            yield (argument, "")


def _with_includes(path, compilation, cache):
    """A file and every file of ours it includes, directly or not, each with the hash of its content."""
    pending, seen = [path], {}
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        if current not in cache:
            content = current.read_text(encoding="utf-8")
            found = [compilation.find(include.path, current) for include in cpp_source.includes(content)]
            cache[current] = (hashlib.sha256(content.encode()).hexdigest(), [file for file in found if file])
        seen[current] = cache[current][0]
        pending += cache[current][1]
    return seen


def includes_come_first(text):
    """Whether nothing but conditions, comments and `#pragma once` stands before the last #include of a header."""
    lines = cpp_source.without_comments(text, keep_strings=True).split("\n")
    last = max((include.line for include in cpp_source.includes(text)), default=0)
    return all(not line.strip() or _HARMLESS_LINE.match(line) for line in lines[:last])


def chains(included):
    """The fewest chains that hold each header once, in which each is included by the next.

    `included` maps a header to all that it includes of the others, directly or not. A header of a chain is followed by
    one that includes it and follows no other: a largest matching of headers with followers makes the fewest chains
    (D. R. Fulkerson, 1956), found by augmenting paths.
    """
    followers = {header: [other for other in included if header in included[other] and header != other]
                 for header in included}
    before = {}

    def find_follower(header, seen):
        for other in followers[header]:
            if other not in seen:
                seen.add(other)
                if other not in before or find_follower(before[other], seen):
                    before[other] = header
                    return True
        return False

    lasts = [header for header in included if not find_follower(header, set())]
    result = []
    for last in lasts:
        chain = [last]
        while chain[-1] in before:
            chain.append(before[chain[-1]])
        result.append(chain[::-1])
    return result


def _included_first_by_sources(tree, compilation):
    """Headers whose position as the first include of a compiled source proves them already."""
    result = set()
    for path in tree.with_suffix(".cc"):
        included = cpp_source.includes(tree.text(path))
        if included and path in compilation.plain_sources:
            file = compilation.find(included[0].path, path)
            if file:
                result.add(os.path.relpath(file, compilation.root))
    return result


def _chains_of(tree, headers, closures):
    """Chains of these headers, of which some are by themselves; the long ones, which take longest, first."""
    in_order = {header for header in headers if includes_come_first(tree.text(header))}
    names = {header: {os.path.relpath(path, tree.root.resolve()) for path in closures[header]} for header in in_order}
    alone = [[header] for header in headers if header not in in_order]
    return sorted(chains(names), key=lambda chain: len(closures[chain[-1]]), reverse=True) + alone


def _as_included(header):
    before, found, after = header.partition("/include/")
    return f"<{after}>" if found and before.split("/")[0] in ("sdk", "connectors") else f'"{header}"'


def _compile(headers, compilation):
    source = "".join(f"#include {_as_included(header)}\n" * 2 for header in headers)
    result = subprocess.run(compilation.syntax_check(), input=source, capture_output=True, text=True,
                            cwd=compilation.root, check=False)
    errors = [line for line in result.stderr.split("\n") if "error" in line]
    return None if result.returncode == 0 else (errors or [result.stderr.strip() or "the compiler failed"])[0]


def _check_chain(chain, compilation):
    """What is wrong with each header of a chain, or None."""
    complaint = _compile(chain, compilation)
    if complaint is None or len(chain) == 1:
        return {header: complaint for header in chain}
    return {header: _compile([header], compilation) for header in chain}


def check(tree, build_folder):
    build = pathlib.Path(build_folder)
    if not (build / "compile_commands.json").is_file():
        return [f"{build}: has no compile_commands.json; configure it first"]
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    compilation = Compilation(tree.root.resolve(), commands)
    if compilation.compiler is None:
        return [f"{build}/compile_commands.json: names no C++ compiler"]
    memory_file = build / "self_contained_headers.json"
    memory = set(json.loads(memory_file.read_text(encoding="utf-8"))) if memory_file.is_file() else set()

    skipped, cache, keys, closures = _included_first_by_sources(tree, compilation), {}, {}, {}
    command_hash = hashlib.sha256(" ".join(compilation.syntax_check()).encode()).hexdigest()
    for header in tree.with_suffix(".h"):
        if header not in skipped:
            closures[header] = _with_includes(compilation.root / header, compilation, cache)
            content = "".join(sorted(closures[header].values()))
            keys[header] = command_hash + hashlib.sha256(content.encode()).hexdigest()
    pending = [header for header, key in keys.items() if key not in memory]
    with concurrent.futures.ThreadPoolExecutor(_WORKERS) as pool:
        checked = pool.map(lambda chain: _check_chain(chain, compilation), _chains_of(tree, pending, closures))
        complaints = {header: complaint for chain in checked for header, complaint in chain.items()}
    good = [key for header, key in keys.items() if complaints.get(header) is None]
    memory_file.write_text(json.dumps(sorted(good)), encoding="utf-8")
    return [f"{header}: does not compile alone: {complaints[header]}" for header in pending if complaints[header]]
