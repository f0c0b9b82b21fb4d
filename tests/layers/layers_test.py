"""The layers of the tree as it is, and small trees that each break one rule, so that the check is seen to fail."""
import pathlib
import tempfile
import unittest

import layers

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Tree(unittest.TestCase):
    def complaints(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            files = {"controller/domain/pool.h": "", "controller/gateway/route.h": "", "controller/net/http_client.h": "",
                     "controller/control/lease.h": "", "controller/store/sqlite.h": "", **files}
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            return layers.check_tree(root)

    def assert_broken(self, path, text, at, rule):
        found = self.complaints({path: text})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:{at}: "), found)
        self.assertIn(rule, found[0])

    def test_the_tree_keeps_its_layers(self):
        self.assertEqual(layers.check_tree(ROOT), [])

    def test_the_tree_was_read(self):
        self.assertTrue((ROOT / "controller/domain/error.h").is_file())
        self.assertIsNotNone(layers.resolve(ROOT, pathlib.PurePosixPath("controller/control/lease.h"), "domain/error.h"))

    def test_an_inner_layer_may_not_look_outwards(self):
        self.assert_broken("controller/control/x.cpp", '#include "domain/pool.h"\n#include "gateway/route.h"\n', 2,
                           "control may not use gateway")

    def test_adapters_may_not_include_each_other(self):
        self.assert_broken("controller/engines/docker/x.cpp", '#include "store/sqlite.h"\n', 1,
                           "engines/docker may not use store")

    def test_the_command_line_may_not_reach_into_control(self):
        self.assert_broken("cli/commands/x.cpp", '#include "control/lease.h"\n', 1, "cli may not use control")

    def test_the_domain_has_the_standard_library_alone(self):
        for header in ("sys/socket.h", "nlohmann/json.hpp", "unistd.h"):
            self.assert_broken("controller/domain/x.h", f"#include <vector>\n#include <{header}>\n", 2, "standard library")

    def test_a_library_stays_with_its_owner(self):
        for header in ("asio/ip/tcp.hpp", "curl/curl.h", "cpprest/json.h", "sqlite3.h", "spdlog/spdlog.h"):
            self.assert_broken("controller/host/x.cpp", f"#include <{header}>\n", 1, header)

    def test_json_stays_out_of_headers_and_of_layers_that_do_not_speak_it(self):
        for path in ("controller/api/router.h", "controller/host/router.cpp"):
            self.assert_broken(path, "#include <nlohmann/json.hpp>\n", 1, "nlohmann")
        for path in ("controller/api/router.cpp", "controller/control/spec_codec.h"):
            self.assertEqual(self.complaints({path: "#include <nlohmann/json.hpp>\n"}), [])

    def test_a_library_nobody_owns_is_named(self):
        self.assert_broken("controller/net/x.cpp", "#include <grpcpp/grpcpp.h>\n", 1, "no owner")

    def test_the_loop_is_our_own(self):
        self.assert_broken("controller/http/x.cpp", "#include <asio.hpp>\n", 1, "asio")

    def test_a_folder_without_a_rule_is_named(self):
        self.assert_broken("controller/misc/x.cpp", "", 1, "no rule")

    def test_a_target_may_not_link_outwards(self):
        self.assert_broken("controller/control/CMakeLists.txt", "\nhearth_layer(control USES hearth_ports hearth_gateway)\n",
                           2, "control may not link hearth_gateway")

    def test_a_target_may_not_link_anothers_library(self):
        self.assert_broken("controller/store/CMakeLists.txt", "hearth_layer(store HIDES CURL::libcurl)\n", 1,
                           "store may not link CURL::libcurl")

    def test_what_is_allowed_is_let_through(self):
        self.assertEqual(self.complaints({
            "controller/main.cpp": '#include "gateway/route.h"\n#include "store/sqlite.h"\n#include <yaml-cpp/yaml.h>\n',
            "controller/gateway/x.cpp": '#include "route.h"\n#include "control/lease.h"\n#include <sys/uio.h>\n',
            "controller/http/x.cpp": "#include <sys/socket.h>\n#include <vector>\n",
        }), [])


if __name__ == "__main__":
    unittest.main()
