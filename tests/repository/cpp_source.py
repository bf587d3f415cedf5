"""Just enough C++ reading for the checks: includes, and where functions begin and end.

It is no parser. It knows comments, literals, preprocessor lines, brackets and how a declaration's first words tell a
namespace or class from a function, which is all that counting lines needs.
"""

import dataclasses
import re

_LITERAL = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
      | (?P<raw>(?<!\w)(?:u8|u|U|L)?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<number>\b[0-9](?:'?[0-9a-zA-Z_.])*)
      | (?P<character>'(?:\\.|[^'\\\n])+')""",
    re.DOTALL | re.VERBOSE)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include\b[ \t]*(?:<([^>\n]+)>|"([^"\n]+)"|(.*))', re.MULTILINE)
_TOKEN = re.compile(r"\boperator\s*(?:\(\s*\)|\[\s*\]|[^\s\w(]+)|\w+|::|->|\S")
_CLASS_WORDS = {"class", "struct", "union"}
_LEADING_WORDS = {"typedef", "static", "inline", "constexpr", "const", "friend", "export"}
_OPENING, _CLOSING = "([", ")]"


@dataclasses.dataclass(frozen=True)
class Include:
    line: int
    form: str  # '<', '"', or '?' when a macro hides the path
    path: str


@dataclasses.dataclass(frozen=True)
class Function:
    name: str
    first_line: int
    last_line: int

    @property
    def lines(self):
        return self.last_line - self.first_line + 1


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text, keep_strings):
    """The text with comments (and, if asked, the insides of literals) as spaces; lines stay where they are."""

    def replace(match):
        found = match.group(0)
        if match.group("number") is not None:
            return found
        if match.group("comment") is not None:
            return _blank(found)
        return found if keep_strings else '"' + _blank(found[1:-1]) + '"'

    return _LITERAL.sub(replace, text)


def includes(text):
    """Every #include of a source, in order."""
    result = []
    stripped = without_comments(text, keep_strings=True)
    for match in _INCLUDE.finditer(stripped):
        line = stripped.count("\n", 0, match.start()) + 1
        if match.group(1) is not None:
            result.append(Include(line, "<", match.group(1)))
        elif match.group(2) is not None:
            result.append(Include(line, '"', match.group(2)))
        else:
            result.append(Include(line, "?", match.group(3).strip()))
    return result


def _without_preprocessor(text):
    """Blanks preprocessor lines and every branch of a conditional but its first, so that braces balance."""
    result, branches, continued = [], [], False
    for line in text.split("\n"):
        directive = re.match(r"\s*#\s*(\w+)", line)
        if continued or directive:
            if not continued:
                _follow_conditional(directive.group(1), branches)
            continued = line.endswith("\\")
            result.append("")
        else:
            result.append("" if any(branch > 0 for branch in branches) else line)
    return "\n".join(result)


def _follow_conditional(directive, branches):
    if directive in ("if", "ifdef", "ifndef"):
        branches.append(0)
    elif directive in ("else", "elif") and branches:
        branches[-1] += 1
    elif directive == "endif" and branches:
        branches.pop()


def _tokens(text):
    line, position, result = 1, 0, []
    for match in _TOKEN.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        result.append((match.group(0), line))
    return result


def _behind_template_parameters(words, index):
    """The index behind the `>` that closes the `<` at `index`; a `>` in round brackets compares."""
    angles, brackets = 0, 0
    while index < len(words):
        brackets += {"(": 1, ")": -1}.get(words[index], 0)
        if brackets == 0:
            angles += {"<": 1, ">": -1}.get(words[index], 0)
        index += 1
        if angles == 0 and brackets == 0:
            break
    return index


def _without_template_parameters(words):
    """Drops `template <…>`, attributes and words that may stand before class or function alike."""
    result, index = [], 0
    while index < len(words):
        if words[index] == "template" and index + 1 < len(words) and words[index + 1] == "<":
            index = _behind_template_parameters(words, index + 1)
        elif words[index] in _LEADING_WORDS:
            index += 1
        else:
            result.append(words[index])
            index += 1
    return result


def _at_top_level(words):
    """The words outside round and square brackets; an opening bracket itself counts."""
    depth, result = 0, []
    for word in words:
        if depth == 0:
            result.append(word)
        if word in _OPENING:
            depth += 1
        elif word in _CLOSING:
            depth -= 1
            if depth == 0:
                result.append(word)
    return result


def _kind_of_brace(words):
    """What a `{` after these words of a declaration opens: 'scope', 'function' or 'value'."""
    words = _without_template_parameters(words)
    top = _at_top_level(words)
    while top[:2] == ["[", "]"]:
        top = top[2:]
    if "namespace" in top or top[:1] == ["extern"] and "(" not in top:
        return "scope"
    if top and (top[0] in _CLASS_WORDS or top[0] == "requires" and _CLASS_WORDS & set(top)):
        return "scope"
    if "=" in top or "(" not in top or top[0] in ("enum", "concept"):
        return "value"
    after_parameters = top[top.index(")"):] if ")" in top else []
    in_initializer_list = ":" in after_parameters and re.fullmatch(r"\w+|>", top[-1])
    return "value" if in_initializer_list else "function"


def _function_name(words):
    top = _at_top_level(_without_template_parameters(words))
    index = top.index("(")
    first = index
    while first >= 2 and top[first - 2] in ("::", "~"):
        first -= 2 if top[first - 2] == "::" else 1
    return "".join(top[max(0, first - 1):index]) or "(unnamed)"


class _Reader:
    def __init__(self, tokens):
        self.tokens = tokens
        self.index = 0
        self.found = []

    def skip_body(self):
        """From just behind a `{` to just behind its `}`; answers the line of the latter."""
        depth = 1
        line = self.tokens[self.index - 1][1]
        while depth > 0 and self.index < len(self.tokens):
            word, line = self.tokens[self.index]
            depth += {"{": 1, "}": -1}.get(word, 0)
            self.index += 1
        return line

    def read(self):
        head, bracket_depth = [], 0
        while self.index < len(self.tokens):
            word, line = self.tokens[self.index]
            self.index += 1
            bracket_depth += 1 if word in _OPENING else -1 if word in _CLOSING else 0
            if word == "{":
                head = self.open_brace(head, bracket_depth, line)
            elif word == "}" or word == ";" and bracket_depth == 0:
                head, bracket_depth = [], 0
            elif word == ":" and len(head) == 1 and head[0][0] in ("public", "private", "protected"):
                head = []
            else:
                head.append((word, line))

    def open_brace(self, head, bracket_depth, line):
        """Handles what a `{` opens and answers the words that the declaration has so far."""
        words = [word for word, _ in head]
        kind = "value" if bracket_depth > 0 else _kind_of_brace(words)
        if kind == "scope":
            return []
        last_line = self.skip_body()
        if kind == "function":
            self.found.append(Function(_function_name(words), head[0][1], last_line))
            return []
        if "[" in words and words[-1] in (")", "]", "mutable", "noexcept"):
            self.found.append(Function("(lambda)", line, last_line))
        return head + [("{}", last_line)]


def functions(text):
    """Every function defined at namespace or class level, and every lambda there that stands for one."""
    reader = _Reader(_tokens(_without_preprocessor(without_comments(text, keep_strings=False))))
    reader.read()
    return reader.found
