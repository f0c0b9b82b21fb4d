"""What programs print of themselves for the docs is what stands there."""

import subprocess
import unittest

from support.docker import ROOT
from support.hearthd import program


class Reference(unittest.TestCase):
    maxDiff = None

    def test_hearthd_and_its_page_agree(self):
        # Without variables: the page is the same for whoever renews it.
        printed = subprocess.run([program("HEARTH_TEST_HEARTHD", "hearthd"), "--reference"], env={}, check=True,
                                 capture_output=True, text=True).stdout
        page = (ROOT / "docs/reference/hearth-yaml.md").read_text()
        self.assertEqual(page, printed, "renew it with: ./dev docs")


if __name__ == "__main__":
    unittest.main()
