"""A page of the docs as a list of commands and of what they must print.

Blocks of the language `console` are what a reader types: `$ command` (a `\\` at its end goes on in the next line), then
what it prints. There `…` stands for anything, on a line of its own for any lines; a command whose output is not shown may
print what it likes. `$ command &` is left running until the page ends. Blocks of a language with a file's name behind it
(```python handler.py) are files that the reader writes, in the folder where the page just is.
"""

import dataclasses
import re

FENCE = re.compile(r"^```(\w*)[ ]?([\w./-]*)\s*$")


@dataclasses.dataclass
class Command:
    line: int
    text: str
    output: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class File:
    line: int
    name: str
    content: str


def steps(text):
    """Commands and files of a page, in their order."""
    found, language, name, block, began = [], None, "", [], 0
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if language is None:
            if fence:
                language, name, block, began = fence[1], fence[2], [], number
        elif line.rstrip() == "```":
            if language == "console":
                found += commands(block, began + 1)
            elif name:
                found.append(File(began, name, "\n".join(block) + "\n"))
            language = None
        else:
            block.append(line)
    return found


def commands(block, first):
    made = []
    goes_on = False
    for number, line in enumerate(block, first):
        if line.startswith("$ "):
            made.append(Command(number, line[2:]))
        elif goes_on:
            made[-1].text += "\n" + line
        elif made:
            made[-1].output.append(line)
        else:
            raise ValueError(f"line {number}: output of no command: {line}")
        goes_on = (line.startswith("$ ") or goes_on) and line.endswith("\\")
    return made


def matches(wanted, printed):
    """Whether the lines `wanted`, with their …, are what was printed."""
    pattern = ""
    for line in wanted:
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ ]*\n"
    text = "".join(line.rstrip() + "\n" for line in printed.rstrip("\n").split("\n"))
    return re.fullmatch(pattern, text) is not None
