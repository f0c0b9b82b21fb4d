"""No command stands in a page that nobody runs, and no page names a word that fn does not know."""

import re
import shlex
import unittest

from page import Command, blocks, steps, without_blocks
from support.docker import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMAND = re.compile(r"(?:^|[|&;(]\s*|sudo )(?:fn|hearthd|curl|docker|apt|apt-get|systemctl)(?= |$)", re.M)

# Commands in other blocks than `console`: where they are, how they begin, and why docs_test does not run them.
EXCUSED = {
    ("docs/reference/fn.md", "fn "): "made of the command line's own definitions, whose words are looked at below",
    ("docs/reference/fn.md", "echo hi | fn"): "the same",
    ("docs/reference/fn.md", "source <(fn"): "the same",
    ("docs/reference/rust.md", "fn "): "minutes, on a busy machine: tests/templates deploys such a crate",
    ("docs/guides/install.md", "sudo apt install"): "tests/package does, in a container",
    ("docs/guides/install.md", "sudo systemctl"): "no systemd runs here; tests/chaos hands the sockets over as it does",
    ("docs/guides/install.md", "docker compose"): "tests/package does",
}


def reference():
    """fn's commands, each with its options, as fn.md has them."""
    text = (ROOT / "docs/reference/fn.md").read_text()
    found = {}
    for title, body in re.findall(r"^## (.*?)$(.*?)(?=^## |\Z)", text, re.M | re.S):
        options = {word for names in re.findall(r"^\| `(-[^`]*)`", body, re.M) for word in re.findall(r"-[-\w]+", names)}
        found[title] = options
    common = found["Options of every command"] | {"-h", "--help", "--version"}
    return {title: options | common for title, options in found.items() if title.startswith("fn ")}


VERBS = reference()


def strangers(text):
    """Commands in `text` whose verb or options are none of fn's."""
    found = []
    for command in re.findall(r"(?:^|[\s|&;(])fn ((?:'[^']*'|\"[^\"]*\"|[^|&;()#>\n`'\"])+)", text, re.M):
        try:
            words = shlex.split(command)
        except ValueError:
            words = command.split()
        while words and words[0] in ("--output", "--context"):
            words = words[2:]
        if not words or not re.fullmatch(r"[a-z]+", words[0]):
            continue
        verb = next((f"fn {' '.join(words[:n])}" for n in (2, 1) if f"fn {' '.join(words[:n])}" in VERBS), None)
        if verb is None and any(one.startswith(f"fn {words[0]} ") for one in VERBS) and len(words) == 1:
            continue  # `fn config`: all of its verbs
        unknown = verb is None or [word for word in words if re.match(r"--?[a-z]", word)
                                   and word.split("=")[0] not in VERBS[verb]]
        if unknown:
            found.append(f"fn {' '.join(words)}")
    return found


class Words(unittest.TestCase):
    def test_every_command_is_run_or_excused(self):
        unread, excuses = [], set()
        for page in PAGES:
            path = str(page.relative_to(ROOT))
            for block in blocks(page.read_text()):
                if block.language == "console" or block.name:
                    continue
                for number, line in enumerate(block.lines, block.line):
                    if not COMMAND.search(line):
                        continue
                    excuse = next((one for one in EXCUSED if one[0] == path and line.startswith(one[1])), None)
                    excuses.add(excuse)
                    unread += [] if excuse else [f"{path}:{number}: {line}"]
        self.assertEqual(unread, [], "let them be ```console, which docs_test runs, or excuse them above")
        self.assertEqual(sorted(set(EXCUSED) - excuses), [], "these excuses excuse nothing")

    def test_fn_knows_every_word(self):
        self.assertIn("--follow", VERBS["fn logs"])
        unknown = []
        for page in PAGES:
            text = page.read_text()
            spans = re.findall(r"`(fn [^`]*)`", without_blocks(text))
            code = [step.text for step in steps(text) if isinstance(step, Command)]
            code += [line for block in blocks(text) if block.language in ("sh", "") for line in block.lines]
            unknown += [f"{page.relative_to(ROOT)}: {one}" for one in strangers("\n".join(spans + code))]
        self.assertEqual(unknown, [])

    def test_a_command_is_seen(self):
        for line in ("fn up", "sudo fn up", "cat x | curl -T - y", "a && hearthd --replace", "x=$(fn list)", "systemctl stop x"):
            self.assertRegex(line, COMMAND)
        for line in ("call fn GET", "hearthd_run()", "--fn x", "fnord"):
            self.assertNotRegex(line, COMMAND)

    def test_a_stranger_is_seen(self):
        self.assertEqual(strangers("fn logs hello --folow"), ["fn logs hello --folow"])
        self.assertEqual(strangers("cd x && fn depoly"), ["fn depoly"])
        self.assertEqual(strangers("fn config add x --api y | cat\nfn logs x -f --tail=3"), [])


if __name__ == "__main__":
    unittest.main()
