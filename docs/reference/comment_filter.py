"""Shows the SDK's comments to Doxygen: python3 comment_filter.py HEADER, as its INPUT_FILTER.

The headers speak to people in plain `//` comments. A block before a declaration, and a comment behind a member, become
`///` and `///<`; the first block of a file describes the file; indented lines are code; what Doxygen would take for a
command, a tag or a link (`::Of(size)`, said of each of several classes) is escaped. Comments within functions, and
headings between members (`// --- ends ---`), stay as they are. A file gets one line more than it has, at its beginning;
messages name lines by that count.
"""

import re
import sys

_COMMENT = re.compile(r"^(\s*)//( ?)(.*)$")
_HEADING = re.compile(r"^-{3,} .* -{3,}$")
_TRAILING = re.compile(r"^(?P<code>.*?\S)(?P<space>\s+)// (?P<text>.*)$")
_SCOPE = re.compile(r"\b(namespace|class|struct|enum|union)\b[^()=]*$|extern \"C\"\s*$")
_SPECIAL = re.compile(r"([\\@<>#&%])")
_LINK = re.compile(r"(?<![\w:])::(?=\w)")
_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'')


def _escaped_text(text):
    return _LINK.sub(r"\\::", _SPECIAL.sub(r"\\\1", text))


def _escaped(text):
    """Outside of `code`."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _escaped_text(text)
    return "`".join(part if index % 2 else _escaped_text(part) for index, part in enumerate(parts))


class _Scopes:
    """Knows whether a line stands among declarations."""

    def __init__(self):
        self.stack = []
        self.statement = ""

    def declares(self):
        return all(self.stack)

    def read(self, code):
        if code.lstrip().startswith("#"):
            return
        for char in _STRINGS.sub("", code) + " ":
            if char == "{":
                self.stack.append(bool(_SCOPE.search(self.statement)))
                self.statement = ""
            elif char == "}":
                if self.stack:
                    self.stack.pop()
                self.statement = ""
            elif char == ";":
                self.statement = ""
            else:
                self.statement += char


def _documented(block, indentation, first_of_file):
    """The lines of a comment block, without their slashes, as documentation."""
    result, in_code = [], False
    for index, text in enumerate(block):
        is_code = text.startswith("  ") and (in_code or index == 0 or not block[index - 1].strip())
        if in_code and not text.strip():
            following = next((line for line in block[index:] if line.strip()), "")
            is_code = following.startswith("  ")
        line = text[2:] if is_code else _escaped(text.strip())
        if is_code and not in_code:
            if index == 0:
                line = "\\code{.cpp} " + line
            else:
                result[-1] = "\\code{.cpp}"  # the empty line before it
        elif in_code and not is_code:
            line = "\\endcode " + line
        in_code = is_code
        result.append(line)
    if in_code:
        result[-1] += " \\endcode"
    if first_of_file:
        result.insert(0, "\\file")
    return [f"{indentation}/// {line}".rstrip() for line in result]


def filtered(text):
    lines = text.split("\n")
    scopes, result, index = _Scopes(), [], 0
    while index < len(lines):
        match = _COMMENT.match(lines[index])
        if not match:
            trailing = _TRAILING.match(lines[index])
            code = trailing["code"] if trailing else lines[index]
            declares = scopes.declares()
            scopes.read(re.sub(r"//.*", "", code))
            if trailing and declares and scopes.declares() and code.rstrip()[-1] in ";,":
                result.append(f"{code}{trailing['space']}///< {_escaped(trailing['text'])}")
            else:
                result.append(lines[index])
            index += 1
            continue
        end = index
        while end < len(lines) and _COMMENT.match(lines[end]):
            end += 1
        block = [_COMMENT.match(line).group(3) for line in lines[index:end]]
        if scopes.declares() and not _HEADING.match(block[0]) and lines[end:end + 1] != [""] or index == 0:
            result += _documented(block, match.group(1), index == 0)
        else:
            result += lines[index:end]
        index = end
    return "\n".join(result)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as header:
        sys.stdout.write(filtered(header.read()))
