"""Links of the pages lead somewhere, and README leads to every page."""

import re
import unittest

from page import without_blocks
from support.docker import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "templates").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    """What headings can be linked by, as the forges make it of their words."""
    found = []
    for heading in re.findall(r"^#+ (.*)$", without_blocks(text), re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return found


def links(page):
    return LINK.findall(re.sub(r"`[^`]*`", "", without_blocks(page.read_text())))


class Links(unittest.TestCase):
    def test_each_leads_to_a_file_and_a_heading_that_are_there(self):
        broken = []
        for page in PAGES:
            for link in links(page):
                path, _, anchor = link.partition("#")
                target = (page.parent / path).resolve() if path else page
                if re.match(r"[a-z]+:", link):
                    continue
                if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
                    broken.append(f"{page.relative_to(ROOT)}: {link}")
        self.assertEqual(broken, [])

    def test_readme_leads_to_every_page(self):
        linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md")}
        pages = [*(ROOT / "docs").glob("guides/*.md"), *(ROOT / "docs").glob("reference/*.md")]
        self.assertEqual([page.name for page in pages if page not in linked], [])


class Anchors(unittest.TestCase):
    def test_are_made_of_the_heading(self):
        self.assertEqual(anchors("# A `fn dev` walk, or two\n```sh\n# no heading\n```\n## fn.yaml: all\n"),
                         ["a-fn-dev-walk-or-two", "fnyaml-all"])


if __name__ == "__main__":
    unittest.main()
