"""Certificates as `dockerd --tlsverify` and its clients have them, made by openssl."""

import subprocess
from pathlib import Path


class Authority:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.certificate = self.folder / "ca.pem"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", f"/CN={self.folder.name}", "-keyout", self.folder / "ca-key.pem", "-out", self.certificate)

    def issue(self, folder, purpose, days=2):
        """A folder with ca.pem, cert.pem and key.pem for 127.0.0.1; `purpose` is serverAuth or clientAuth. Expired
        where `days` is negative."""
        folder = Path(folder)
        folder.mkdir(parents=True)
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=test",
                 "-keyout", folder / "key.pem", "-out", folder / "request.pem")
        (folder / "extensions").write_text(f"subjectAltName=IP:127.0.0.1\nextendedKeyUsage={purpose}\n")
        _openssl("x509", "-req", "-in", folder / "request.pem", "-CA", self.certificate, "-CAkey",
                 self.folder / "ca-key.pem", "-CAcreateserial", "-days", str(days), "-extfile", folder / "extensions",
                 "-out", folder / "cert.pem")
        (folder / "ca.pem").write_bytes(self.certificate.read_bytes())
        return folder


def _openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {words[0]}: {done.stderr}")
