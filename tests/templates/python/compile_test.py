"""What compile.py makes of a package's own files."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest

COMPILE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../templates/python/bootstrap/compile.py"))
FILES = {"handler.py": "WORD = 'compiled'\n", "sub/deep.py": "", "wrong.py": "def (\n", ".packages/installed.py": "",
         "struct.py": "raise SystemExit('it was run')\n", "text.txt": ""}


class Compile(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.package, self.results = f"{self.folder}/function", f"{self.folder}/compiled"
        for name, text in FILES.items():
            os.makedirs(os.path.dirname(f"{self.package}/{name}"), exist_ok=True)
            with open(f"{self.package}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        subprocess.run([sys.executable, "-I", COMPILE, self.package, self.results], cwd=self.package, check=True)

    def made(self, name):
        return self.results + importlib.util.cache_from_source(f"{self.package}/{name}")

    def test_its_own_files_that_parse_and_runs_none(self):
        made = {os.path.join(folder, name) for folder, _, names in os.walk(self.results) for name in names}
        self.assertEqual(made, {self.made("handler.py"), self.made("sub/deep.py"), self.made("struct.py")})
        self.assertFalse(os.path.exists(f"{self.package}/__pycache__"))

    def test_what_it_made_is_what_is_imported_from_where_the_file_is(self):
        os.rename(os.path.dirname(self.made("handler.py")), f"{self.package}/__pycache__")
        with open(f"{self.package}/handler.py", "w", encoding="utf-8") as file:
            file.write("WORD = 'text'\n")
        told = subprocess.run([sys.executable, "-c", "import handler; print(handler.WORD, handler.__file__)"], cwd=self.package,
                              capture_output=True, text=True, check=True).stdout
        self.assertEqual(told, f"compiled {self.package}/handler.py\n")


if __name__ == "__main__":
    unittest.main()
