"""What troubleshooting.md quotes is what the programs say."""

import re
import unittest

from support.docker import ROOT

PAGE = ROOT / "docs/guides/troubleshooting.md"
SAID_BY = ("controller", "cli")


def quotes(text):
    """The texts in backticks of the tables' first column."""
    cells = re.findall(r"^\| ([^|]*) \|", text, re.M)
    return [quote for cell in cells for quote in re.findall(r"`([^`]*)`", cell)]


def pieces(quote):
    """What stands between the …, each of which must be said."""
    return [piece for piece in quote.split("…") if len(piece.strip(" :,;")) > 3]


def sources():
    files = [file for folder in SAID_BY for file in (ROOT / folder).rglob("*.cpp")]
    return "\n".join(re.sub(r'"\s*\n\s*"', "", file.read_text()) for file in sorted(files))  # a literal in two halves is one


class Errors(unittest.TestCase):
    def test_each_that_is_quoted_is_said(self):
        code = sources()
        unsaid = [quote for quote in quotes(PAGE.read_text()) for piece in pieces(quote) if piece.strip() not in code]
        self.assertEqual(unsaid, [])

    def test_a_quote_has_pieces(self):
        self.assertEqual(quotes("| it says | b |\n|---|---|\n| 404 `no … here`, `that` | `x` |\n"), ["no … here", "that"])
        self.assertEqual(pieces("no function … is here: …"), ["no function ", " is here: "])


if __name__ == "__main__":
    unittest.main()
