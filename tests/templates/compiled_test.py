"""What a build compiled of a Node package's dependencies (templates/node/bootstrap/compile.mjs): functions that use it do what
they do without it, and it is never run for another text."""

import json
import os
import shutil
import subprocess
import unittest

from cell_process import Cell
from cells_test import TEMPLATES

BOOTSTRAP = f"{TEMPLATES}/node/bootstrap"
NAME = "node_modules/.hearth-compiled"
# Tells whatever a module can see of how it was loaded.
LOOKS = """module.exports = {
  names: [__filename, __dirname, module.id, module.filename, module.path].map((name) => name.replace(/^.*node_modules/, '')),
  self: this === module.exports && exports === module.exports && require.cache[__filename] === module,
  required: [require.main === undefined, require.resolve('./lib/word.js') === require.resolve('./lib/word'), require.name,
    require.resolve.paths('x').length > 0, Object.keys(require.extensions)],
  parent: module.parent === null || module.parent === undefined, kin: 0, words: [],
};
const inner = require('inner'), again = require('inner');
module.exports.words.push(require('./lib/word'), inner.word, again === inner, require('./data').word, require('commonly'));
module.exports.kin = module.children.length;
try { require('./throws'); } catch (error) { module.exports.place = error.stack.split('\\n')[1].replace(/.*node_modules/, ''); }
try { require('absent'); } catch (error) { module.exports.absent = error.code; }
"""
PACKAGE = {
    "package.json": '{"dependencies": {"outer": "1", "modern": "1", "broken": "1"}}',
    "node_modules/outer/package.json": '{"main": "start.js"}',
    "node_modules/outer/start.js": LOOKS,
    "node_modules/outer/throws.js": "function thrower() { throw new Error('on the first line'); } thrower();\n",
    "node_modules/outer/lib/word.js": "module.exports = 'near';\n",
    "node_modules/outer/data.json": '{"word": "data"}',
    "node_modules/outer/imports.js": "module.exports = () => import('./modern.mjs');\n",
    "node_modules/outer/makes.js": "module.exports = () => new Function('at', 'return import(at)')('./modern.mjs');\n",
    "node_modules/outer/modern.mjs": "export const word = 'modern';\n",
    "node_modules/outer/mapped.js": "module.exports = 'mapped';\n//# sourceMappingURL=mapped.js.map\n",
    "node_modules/outer/node_modules/inner/index.js": "exports.word = require('../../lib/word') + 'er';\n",
    "node_modules/inner/index.js": "exports.word = 'the other inner';\n",
    "node_modules/commonly/package.json": '{"exports": {"require": "./main.cjs"}}',
    "node_modules/commonly/main.cjs": "#!/usr/bin/env node\nmodule.exports = 'common';\n",
    "node_modules/modern/package.json": '{"type": "module", "exports": {"import": "./main.js"}, "dependencies": {"inner": "1"}}',
    "node_modules/modern/main.js": "import inner from 'inner';\nexport default inner.word;\n",
    "node_modules/broken/index.js": "module.exports = (;\n",
    "handler.mjs": """
import outer from 'outer';
import modern from 'modern';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const imported = require('outer/imports')();
const made = require('outer/makes')().then(({ word }) => word, ({ name }) => name);
export default async () => ({ outer, modern, imported: (await imported).word, made: await made, mapped: require('outer/mapped') });
""",
    "fails.mjs": "import 'broken';\nexport default () => 1;\n",
}


@unittest.skipIf(shutil.which("node") is None, "there is no node on this machine")
class Compiled(unittest.TestCase):
    def cell(self, more=None):
        self.files = {**PACKAGE, **(more or {})}
        return self.enterContext(Cell(["node", f"{BOOTSTRAP}/bootstrap.mjs"], self.files))

    def compile(self, cell):
        done = subprocess.run(["node", f"{BOOTSTRAP}/compile.mjs", f"{cell.function}/node_modules"], capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def modules(self, cell, change=None):
        """{path in node_modules: what is noted of it}, after `change`, which is written back."""
        path = f"{cell.function}/{NAME}"
        with open(path, "rb") as file:
            data = file.read()
        size = 4 + int.from_bytes(data[:4], "little")
        index = json.loads(data[4:size])
        if change:
            change(index)
            head = json.dumps(index).encode()
            with open(path, "wb") as file:
                file.write(len(head).to_bytes(4, "little") + head + data[size:])
        prefix = f"{cell.function}/node_modules/"
        return {name.removeprefix(prefix): known for name, known in index["modules"].items()}

    def become(self, cell, handler="handler.mjs"):
        cell.send(cell.line(handler))
        return cell.answer()

    def answer(self, more=None, between=lambda cell: None, is_compiled=True):
        cell = self.cell(more)
        cell.bind()
        if is_compiled:
            self.compile(cell)
            between(cell)
        self.assertEqual(self.become(cell), b'{"ready": true}\n', cell.log())
        return json.loads(cell.call().text)

    def test_a_function_cannot_tell_it(self):
        plain = self.answer(is_compiled=False)
        self.assertEqual(plain["outer"]["words"], ["near", "nearer", True, "data", "common"])
        self.assertEqual((plain["outer"]["place"], plain["modern"], plain["imported"]),
                         ("/outer/throws.js:1:28)", "the other inner", "modern"))
        self.assertEqual(self.answer(), plain)

    def test_what_may_import_does_not_parse_or_is_a_module_is_left_to_node(self):
        entry = "require('./imports'); require('./makes'); require('./lib/word'); require('broken'); require('modern/main.js');\n"
        cell = self.cell({"node_modules/outer/start.js": entry})
        cell.bind()
        self.compile(cell)
        self.assertEqual(set(self.modules(cell)), {"outer/start.js", "outer/lib/word.js", "inner/index.js"})

    def test_what_does_not_parse_fails_as_ever(self):
        cell = self.cell()
        cell.bind()
        self.compile(cell)
        self.assertEqual(self.become(cell, "fails.mjs"), b"")
        self.assertEqual(cell.exit_code(), 121)
        self.assertRegex(cell.log().splitlines()[-1], r"broken/index.js:1 does not load: SyntaxError")

    # --- what is run is what was compiled, of the text that is there ---

    WORD, OTHER = "module.exports = 'near';\n", "module.exports = 'nigh';\n"

    def change_text(self, cell):
        with open(f"{cell.function}/node_modules/outer/lib/word.js", "w") as file:
            file.write(self.OTHER)

    def test_another_text_of_the_same_length_is_what_is_run(self):
        self.assertEqual(self.answer(between=self.change_text)["outer"]["words"][0], "nigh")

    def test_the_code_is_run_that_was_compiled(self):
        """Seen by a lie: the other text's digest in the first one's place. V8 itself looks at nothing but the length."""
        def lie(cell):
            self.change_text(cell)
            other = self.cell({"node_modules/outer/lib/word.js": self.OTHER})
            other.bind()
            self.compile(other)
            digest = self.modules(other)["outer/lib/word.js"]["digest"]
            name = f"{cell.function}/node_modules/outer/lib/word.js"
            self.modules(cell, lambda index: index["modules"][name].update(digest=digest))

        self.assertEqual(self.answer(between=lie)["outer"]["words"][0], "near")

    def test_code_of_another_node_is_not_run(self):
        def age(cell):
            self.change_text(cell)
            self.modules(cell, lambda index: index.update(node="v1.0.0", found={}))

        self.assertEqual(self.answer(between=age)["outer"]["words"][0], "nigh")

    def test_code_that_v8_does_not_take_is_compiled(self):
        def spoil(cell):
            with open(f"{cell.function}/{NAME}", "r+b") as file:
                data = file.read()
                at = 4 + int.from_bytes(data[:4], "little")
                file.seek(at)
                file.write(b"\0" * (len(data) - at))

        self.assertEqual(self.answer(between=spoil), self.answer(is_compiled=False))

    def test_where_it_is_void_files_are_looked_for(self):
        nearer = {"node_modules/outer/lib/node_modules/inner/index.js": "exports.word = 'nearest';\n",
                  "node_modules/outer/lib/word.js": "module.exports = require('inner').word;\n"}

        def bring(cell):
            for name, text in nearer.items():
                os.makedirs(os.path.dirname(f"{cell.function}/{name}"), exist_ok=True)
                with open(f"{cell.function}/{name}", "w") as file:
                    file.write(text)
            os.truncate(f"{cell.function}/{NAME}", 0)

        self.assertEqual(self.answer(between=bring)["outer"]["words"][0], "nearest")

    def test_whoever_changes_texts_is_given_them(self):
        hook = """
import Module, { createRequire } from 'node:module';
const native = Module._extensions['.js'];
Module._extensions['.js'] = (module, filename) => {
  const compile = module._compile;
  module._compile = (text, name) => compile.call(module, text.replace("'near'", "'changed'"), name);
  native(module, filename);
};
const require = createRequire(import.meta.url);
export default () => ({ outer: require('outer') });
"""
        self.assertEqual(self.answer({"handler.mjs": hook})["outer"]["words"][0], "changed")

    def test_a_stack_is_of_the_sources_where_the_function_asks_for_that(self):
        source_map = json.dumps({"version": 3, "sources": ["mapped.ts"], "names": [], "mappings": "AASA"})
        more = {"node_modules/outer/mapped.js": "module.exports = new Error('here').stack;\n//# sourceMappingURL=mapped.js.map\n",
                "node_modules/outer/start.js": "module.exports = require('./mapped');\n",
                "node_modules/outer/mapped.js.map": source_map,
                "handler.js": "import stack from 'outer';\nexport default () => ({ stack });\n"}
        cell = self.cell({**more, "package.json": '{"type": "module", "dependencies": {"outer": "1"}}'})
        cell.bind()
        self.compile(cell)
        self.assertIn("outer/mapped.js", self.modules(cell))
        self.assertEqual(self.become(cell, "handler.ts"), b'{"ready": true}\n', cell.log())
        self.assertIn("mapped.ts:10:", json.loads(cell.call().text)["stack"])


if __name__ == "__main__":
    unittest.main()
