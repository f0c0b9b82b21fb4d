"""What `./dev test` says at its end, on reports of each kind: passes, failures, crashes, suites that never ran."""
import pathlib
import subprocess
import sys
import tempfile
import unittest
from xml.sax.saxutils import escape

TALLY = pathlib.Path(__file__).resolve().parents[2] / ".ci/dev/tally.py"


def program(name, status, output):
    return f'<testcase name="{name}" status="{status}" time="1.5"><system-out>{escape(output)}</system-out></testcase>'


class Tally(unittest.TestCase):
    def tally(self, reports, broken=(), suites=("unit",)):
        with tempfile.TemporaryDirectory() as folder:
            logs = pathlib.Path(folder)
            for name, programs in reports.items():
                (logs / f"{name}.junit.xml").write_text(f"<testsuite>{''.join(programs)}</testsuite>")
            for name in broken:
                (logs / f"{name}.broken").write_text("it does not build\n")
            done = subprocess.run([sys.executable, TALLY, logs, *suites], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout.strip().splitlines()[-1], done.stdout

    def test_counts_each_case_of_a_program(self):
        output = "[       OK ] Pool.Holds (3 ms)\nsome words[       OK ] Pool.Grants/0 (1 ms)\n[  PASSED  ] 2 tests.\n"
        self.assertEqual(self.tally({"unit": [program("p", "run", output)]})[:2], (0, "2 passed, 0 failed"))

    def test_a_failed_case_is_counted_once_and_shown(self):
        output = ("[       OK ] A.B (3 ms)\npool.cpp:7: wrong\n[  FAILED  ] A.C (1 ms)\n[  FAILED  ] 1 test, listed below:\n"
                  "[  FAILED  ] A.C\n")
        status, last, text = self.tally({"unit": [program("p", "fail", output)]})
        self.assertEqual((status, last), (1, "1 passed, 1 failed"))
        self.assertIn("pool.cpp:7: wrong", text)

    def test_a_crash_between_two_cases_is_a_failure(self):
        output = "[       OK ] A.B (3 ms)\n[ RUN      ] A.C\n"
        self.assertEqual(self.tally({"unit": [program("p", "fail", output)]})[:2], (1, "1 passed, 1 failed"))

    def test_python_suites_are_counted_by_their_own_word(self):
        bad = "Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1)\n"
        self.assertEqual(self.tally({"unit": [program("p", "run", "Ran 4 tests in 0.1s\n\nOK\n"),
                                              program("q", "fail", bad)]})[:2], (1, "7 passed, 2 failed"))

    def test_a_program_without_cases_counts_as_one(self):
        self.assertEqual(self.tally({"unit": [program("p", "run", "fine\n")]})[:2], (0, "1 passed, 0 failed"))

    def test_skipped_cases_are_told(self):
        output = "[       OK ] A.B (3 ms)\n[  SKIPPED ] A.C (0 ms)\n"
        self.assertEqual(self.tally({"unit": [program("p", "run", output)]})[1], "1 passed, 0 failed, 1 skipped")

    def test_a_suite_that_never_ran_is_a_failure(self):
        passing = {"unit": [program("p", "run", "[       OK ] A.B (3 ms)\n")]}
        self.assertEqual(self.tally(passing, broken=["e2e"], suites=("unit", "e2e"))[:2], (1, "1 passed, 1 failed"))
        self.assertEqual(self.tally(passing, suites=("unit", "e2e"))[:2], (1, "1 passed, 1 failed"))

    def test_the_parts_of_a_suite_are_one_suite(self):
        output = "[       OK ] A.B (3 ms)\n"
        reports = {"tsan-tests-http": [program("p", "run", output)], "tsan-tests-domain": [program("q", "run", output)]}
        self.assertEqual(self.tally(reports, suites=("tsan",))[:2], (0, "2 passed, 0 failed"))


if __name__ == "__main__":
    unittest.main()
