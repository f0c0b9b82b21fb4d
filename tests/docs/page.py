"""A page of the docs as a list of what its reader does.

Blocks of the language `console` are what a reader types: `$ command` (a `\\` at its end goes on in the next line), then
what it prints. There `…` stands for anything, on a line of its own for any lines; a command whose output is not shown may
print what it likes, and each must succeed (`|| echo "exit code $?"` shows one that does not). `^C` on a line of its own
interrupts. A block that begins with output is what the last command goes on to print, beside what is typed elsewhere.

Blocks of a language with a file's name behind it (```python handler.py) are files that the reader writes, in the folder
where the page just is.
"""

import dataclasses
import re

FENCE = re.compile(r"^```(\w*)[ ]?([\w./-]*)\s*$")
INTERRUPT = "^C"


@dataclasses.dataclass
class Block:
    """A block of code, fenced or by its indentation; `language` is empty where none is said."""
    line: int  # its first one's number
    language: str
    name: str  # of the file it is
    lines: list


@dataclasses.dataclass
class Command:
    line: int
    text: str
    output: list = dataclasses.field(default_factory=list)
    goes_on: bool = False  # until it is interrupted, here or in a block behind


@dataclasses.dataclass
class More:
    """What the command that goes on prints by now."""
    line: int
    output: list


@dataclasses.dataclass
class File:
    line: int
    name: str
    content: str


def blocks(text):
    """All blocks of code of a page."""
    found, fenced = [], None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fenced is not None:
            if line.rstrip() == "```":
                found.append(fenced)
                fenced = None
            else:
                fenced.lines.append(line)
        elif fence:
            fenced = Block(number + 1, fence[1], fence[2], [])
        elif line.startswith("    "):
            if found and found[-1].line + len(found[-1].lines) == number and not found[-1].language:
                found[-1].lines.append(line[4:])
            else:
                found.append(Block(number, "", "", [line[4:]]))
    return found


def without_blocks(text):
    """The page's prose: lines of blocks are empty."""
    lines = text.splitlines()
    for block in blocks(text):
        lines[block.line - 1:block.line - 1 + len(block.lines)] = [""] * len(block.lines)
    return "\n".join(lines)


def steps(text):
    """Commands, their further output, and files of a page, in their order."""
    found, job = [], None
    for block in blocks(text):
        if block.language != "console":
            found += [File(block.line, block.name, "\n".join(block.lines) + "\n")] if block.name else []
            continue
        output, made = commands(block.lines, block.line)
        if output:
            job = job or next((step for step in reversed(found) if isinstance(step, Command)), None)
            if job is None:
                raise ValueError(f"line {block.line}: output of no command: {output[0]}")
            job.goes_on = True
            found.append(More(block.line, output))
            job = None if INTERRUPT in output else job
        found += made
    return found


def commands(lines, first):
    """The lines before the first command, and the commands."""
    before, made = [], []
    typing = False
    for number, line in enumerate(lines, first):
        if line.startswith("$ "):
            made.append(Command(number, line[2:]))
        elif typing:
            made[-1].text += "\n" + line
        else:
            (made[-1].output if made else before).append(line)
        typing = (line.startswith("$ ") or typing) and line.endswith("\\")
    for command in made:
        command.goes_on = INTERRUPT in command.output
    return before, made


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
