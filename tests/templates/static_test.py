"""The static runtime through hearthd, as a browser meets it."""

import gzip
import os
import unittest

from support.cases import HearthdCase
from support.waiting import wait_for

PAGE = "<!doctype html><title>app</title>" + "<p>words</p>" * 200


class Static(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deploy_site()

    @classmethod
    def deploy_site(cls, name="site", settings="", page=PAGE, **files):
        content = {"fn.yaml": f"name: {name}\nruntime: static\n{settings}", "public/index.html": page,
                   "public/app.4f2a91bc.js": "console.log(1)", "public/docs/index.html": "<p>docs</p>",
                   "public/about.html": "<p>about</p>", "public/.env": "SECRET=1", "secret.txt": "not served",
                   "public/.well-known/security.txt": "Contact: x", "public/data.bin": "0123456789",
                   "public/my-components.js": "1", "public/logo-1024x768.svg": "<svg/>", "public/index-BfK3xQ_a.js": "1",
                   "public/lib.mjs": "export {}", "public/site.webmanifest": "{}", "public/x y/index.html": "y",
                   "public/a b.txt": "a space", 'public/it\'s "$x".txt': "odd", **files}
        cls.hearthd.deploy(name, content)

    def get(self, path, name="site", **options):
        return self.hearthd.call(name, path, **options)

    def test_pages_folders_and_names_without_an_ending(self):
        for path, words in (("/", "words"), ("/index.html", "words"), ("/docs/", "docs"), ("/about", "about"),
                            ("/a%20b.txt", "a space"), ("/it's%20%22$x%22.txt", "odd"), ("/.well-known/security.txt", "Contact")):
            with self.subTest(path):
                answer = self.get(path)
                self.assertEqual(answer.status, 200, answer)
                self.assertIn(words, answer.text)
                self.assertTrue(answer.headers["ETag"], path)
                self.assertIsNone(answer.headers["Last-Modified"])

    def test_a_folder_without_its_slash_leads_to_it_behind_the_prefix(self):
        answer = self.get("/docs?x=1")
        self.assertEqual((answer.status, answer.headers["Location"]), (301, "/fn/site/docs/?x=1"))
        self.assertEqual(self.get("/x%20y").headers["Location"], "/fn/site/x%20y/")

    def test_what_has_not_changed_is_not_sent_again(self):
        etag = self.get("/").headers["ETag"]
        for given in (etag, f"W/{etag}", f'"0", {etag}', f'{etag}, "1"'):
            answer = self.get("/", headers={"If-None-Match": given})
            self.assertEqual((answer.status, answer.body, answer.headers["ETag"]), (304, b"", etag), given)
        self.assertEqual(self.get("/", headers={"If-None-Match": '"0"'}).status, 200)

    def test_another_content_of_the_same_size_has_another_etag(self):
        self.deploy_site("twice", page="<p>one</p>")
        first = self.get("/", "twice").headers["ETag"]
        self.deploy_site("twice", page="<p>two</p>")
        self.wait_for_text("twice", "two")
        second = self.get("/", "twice", headers={"If-None-Match": first})
        self.assertEqual(second.status, 200)
        self.assertNotEqual(second.headers["ETag"], first)

    def wait_for_text(self, name, words):
        wait_for(f"{name} says {words}", lambda: words in self.get("/", name).text, 60)

    def test_ranges(self):
        answer = self.get("/data.bin", headers={"Range": "bytes=2-4"})
        self.assertEqual((answer.status, answer.body, answer.headers["Content-Range"]), (206, b"234", "bytes 2-4/10"))
        several = self.get("/data.bin", headers={"Range": "bytes=0-0,-1"})
        self.assertEqual(several.status, 206)
        self.assertIn("multipart/byteranges", several.headers["Content-Type"])
        self.assertEqual(self.get("/data.bin", headers={"Range": "bytes=20-"}).status, 416)

    def test_compression_is_for_those_who_take_it(self):
        packed = self.get("/", headers={"Accept-Encoding": "gzip"})
        self.assertEqual((packed.headers["Content-Encoding"], packed.headers["Vary"]), ("gzip", "Accept-Encoding"))
        self.assertEqual(gzip.decompress(packed.body).decode(), PAGE)
        plain = self.get("/")
        self.assertIsNone(plain.headers["Content-Encoding"])
        self.assertEqual(plain.text, PAGE)

    def test_how_long_a_browser_may_keep_what(self):
        self.assertEqual(self.get("/").headers["Cache-Control"], "no-cache")
        for path in ("/app.4f2a91bc.js", "/index-BfK3xQ_a.js"):
            self.assertIn("immutable", self.get(path).headers["Cache-Control"], path)
        for path in ("/my-components.js", "/logo-1024x768.svg", "/gone.4f2a91bc.js"):
            self.assertEqual(self.get(path).headers["Cache-Control"], "no-cache", path)

    def test_types_that_browsers_insist_on(self):
        for path, kind in (("/lib.mjs", "text/javascript"), ("/site.webmanifest", "application/manifest+json")):
            self.assertTrue(self.get(path).headers["Content-Type"].startswith(kind), path)

    def test_a_range_is_of_the_version_that_was_begun(self):
        etag = self.get("/data.bin").headers["ETag"]
        for given, status in ((etag, 206), ('"0"', 200)):
            answer = self.get("/data.bin", headers={"Range": "bytes=2-4", "If-Range": given})
            self.assertEqual(answer.status, status, given)

    def test_only_reading(self):
        for method in ("POST", "PUT", "DELETE"):
            answer = self.get("/", method=method, body=b"x")
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"), method)

    def test_nothing_outside_of_public_is_served(self):
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/docs/..%2f..%2fsecret.txt", "/.env",
                     "/%2eenv", "//etc/passwd", "/..%5csecret.txt", "/etags.conf", "/../etags.conf", "/%00", "/docs/../.env"):
            answer = self.get(path)
            self.assertIn(answer.status, (400, 404), path)
            self.assertNotIn(b"SECRET", answer.body)

    def test_a_missing_file_is_the_sites_own_404(self):
        self.deploy_site("own", **{"public/404.html": "<p>lost</p>"})
        answer = self.get("/nowhere", "own")
        self.assertEqual((answer.status, answer.text), (404, "<p>lost</p>"))

    def test_every_page_of_a_single_page_app_is_its_index(self):
        self.deploy_site("spa", 'env: {SPA: "true"}\n')
        for path in ("/", "/users/7", "/a/b/c/"):
            answer = self.get(path, "spa")
            self.assertEqual((answer.status, answer.text), (200, PAGE), path)
        missing = self.get("/missing.js", "spa")
        self.assertEqual((missing.status, missing.headers["ETag"]), (404, None))
        etag = self.get("/users/7", "spa").headers["ETag"]
        self.assertEqual(self.get("/users/7", "spa", headers={"If-None-Match": etag}).status, 304)
        self.assertEqual(self.get("/users/7").status, 404)  # of a site that is none

    def test_links_are_files(self):
        folder = self.hearthd.write("linked", {"fn.yaml": "name: linked\nruntime: static\n", "public/real.txt": "real"})
        os.symlink("real.txt", folder / "public/link.txt")
        self.hearthd.fn("deploy", cwd=folder)
        self.assertEqual(self.get("/link.txt", "linked").text, "real")

    def test_without_public_all_is_served_but_what_describes_the_function(self):
        self.hearthd.deploy("flat", {"fn.yaml": "name: flat\nruntime: static\nenv: {KEY: secret}\n", "index.html": "<p>flat</p>"})
        self.assertEqual(self.get("/", "flat").text, "<p>flat</p>")
        self.assertEqual(self.get("/fn.yaml", "flat").status, 404)

    def test_a_long_path_does_not_keep_it_from_starting(self):
        path = "/".join(["d" * 200] * 5) + "/page.html"
        self.hearthd.deploy("long", {"fn.yaml": "name: long\nruntime: static\n", f"public/{path}": "<p>deep</p>"})
        self.assertEqual(self.get(f"/{path}", "long").text, "<p>deep</p>")

    def test_nothing_to_serve_is_refused(self):
        refused = self.hearthd.deploy("bare", {"fn.yaml": "name: bare\nruntime: static\n", ".hidden": "x"}, check=False)
        self.assertEqual(refused.returncode, 3, refused.stdout + refused.stderr)
        self.assertIn("there is nothing to serve", refused.stdout + refused.stderr)


if __name__ == "__main__":
    unittest.main()
