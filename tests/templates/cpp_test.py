"""What the cpp runtime keeps besides what all do: a package's own CMakeLists.txt."""

import re
import unittest

from support.cases import HearthdCase

CMAKE = """
    cmake_minimum_required(VERSION 3.25)
    project(own CXX)
    find_package(hearth REQUIRED)
    add_library(words STATIC lib/words.cpp)
    target_include_directories(words PUBLIC lib)
    target_compile_definitions(words PRIVATE GREETING="made by CMake")
    add_executable({target} src/handler.cpp)
    target_link_libraries({target} PRIVATE words hearth::hearth)
    """
FILES = {
    "src/handler.cpp": """
        #include <fstream>
        #include <hearth.h>
        #include <sstream>
        #include <words.h>
        hearth::Response handle(hearth::Request&, hearth::Context&) {
          std::ostringstream file;
          file << std::ifstream{"data.txt"}.rdbuf();
          return {.body = greeting() + ", " + file.str()};
        }
        """,
    "lib/words.h": "#include <string>\nstd::string greeting();\n",
    "lib/words.cpp": '#include "words.h"\nstd::string greeting() { return GREETING; }\n',
    "unused.cpp": "this does not compile, and nothing names it\n",
    "data.txt": "beside its data",
}


class OwnCMake(HearthdCase):
    def deploy(self, name, target="function", files=(), check=True):
        own = {"fn.yaml": f"name: {name}\nruntime: cpp\n", "CMakeLists.txt": CMAKE.format(target=target)}
        return self.hearthd.deploy(name, {**FILES, **own, **dict(files)}, check=check)

    def test_it_says_what_is_compiled_and_how(self):
        self.deploy("own")
        self.assertEqual(self.hearthd.call("own").text, "made by CMake, beside its data")

    def test_one_without_the_program_function_is_refused_with_its_name(self):
        done = self.deploy("other", target="program", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("CMakeLists.txt makes no program under the name function", done.stderr)

    def test_a_fault_in_it_is_told_with_its_line(self):
        wrong = {"CMakeLists.txt": "project(wrong CXX)\nfind_package(nothing REQUIRED)\n"}
        done = self.deploy("wrong", files=wrong, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"CMakeLists\.txt:2 \(find_package\)")

    def test_what_does_not_compile_is_refused_with_its_line(self):
        done = self.deploy("broken", check=False, files={"lib/words.cpp": "\nint broken( {\n"})
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(re.search(r"lib/words\.cpp:2:\d+: error", done.stderr), done.stderr)


if __name__ == "__main__":
    unittest.main()
