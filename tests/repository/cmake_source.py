"""Reads the commands of a CMake file: names and literal arguments, no evaluation."""

import dataclasses
import re

_TOKEN = re.compile(
    r"""(?P<comment>\#\[(?P<mark>=*)\[.*?\](?P=mark)\]|\#[^\n]*)
      | "(?P<quoted>(?:\\.|[^"\\])*)"
      | (?P<bracket>[()])
      | (?P<word>[^\s()"\#]+)""",
    re.DOTALL | re.VERBOSE)


@dataclasses.dataclass(frozen=True)
class Command:
    line: int
    name: str
    arguments: tuple

    def after(self, keyword, keywords):
        """The arguments between `keyword` and the next one of `keywords`."""
        result, taking = [], False
        for argument in self.arguments:
            if argument in keywords:
                taking = argument == keyword
            elif taking:
                result.append(argument)
        return result


def commands(text):
    """Every command of the file in order, those inside if(), foreach() and function() included."""
    result, name, arguments, depth, start = [], None, [], 0, 0
    for match in _TOKEN.finditer(text):
        if match.group("comment") is not None:
            continue
        bracket = match.group("bracket")
        if bracket == "(":
            depth += 1
            if depth == 1:
                arguments = []
        elif bracket == ")":
            depth -= 1
            if depth == 0 and name is not None:
                result.append(Command(text.count("\n", 0, start) + 1, name, tuple(arguments)))
        elif depth == 0:
            name, start = match.group("word"), match.start()
        else:
            quoted = match.group("quoted")
            arguments.append(match.group("word") if quoted is None else quoted)
    return result
