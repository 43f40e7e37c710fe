"""Certificates made for a test: an authority nobody knows, and a server's certificate from it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificates(NamedTuple):
    """Paths of PEM files."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(
    folder: Path, *, name: str = "127.0.0.1", issuer: str = "/O=Acme Works/CN=Acme Root"
) -> Certificates:
    """An authority called `issuer` and a server certificate for `name`, signed by it, made with openssl."""
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    ca_key, request, extensions = folder / "ca.key", folder / "server.csr", folder / "server.ext"
    extensions.write_text(f"subjectAltName=IP:{name}\nextendedKeyUsage=serverAuth\n")
    curve = ["-utf8", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl(
        "req", "-x509", *curve, "-keyout", ca_key, "-out", files.authority, "-days", "30", "-subj", issuer
    )
    _openssl("req", *curve, "-keyout", files.key, "-out", request, "-subj", f"/CN={name}")
    signing: list[str | Path] = [
        "-CA",
        files.authority,
        "-CAkey",
        ca_key,
        "-CAcreateserial",
        "-extfile",
        extensions,
    ]
    _openssl("x509", "-req", "-in", request, *signing, "-out", files.certificate, "-days", "30")
    return files


def make_client_certificate(folder: Path, authority: Path, *, days: int = 30) -> tuple[Path, Path]:
    """A station's certificate from an authority that `make_certificates` made, and its key."""
    certificate, key = folder / "station.pem", folder / "station.key"
    request, extensions = folder / "station.csr", folder / "station.ext"
    extensions.write_text("extendedKeyUsage=clientAuth\n")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl("req", *curve, "-keyout", key, "-out", request, "-subj", "/CN=FCT-04")
    ca = ["-CA", str(authority), "-CAkey", str(authority.with_name("ca.key")), "-CAcreateserial"]
    times = ["-days", str(days)]
    _openssl("x509", "-req", "-in", request, *ca, "-extfile", extensions, "-out", certificate, *times)
    key.chmod(0o600)
    return certificate, key


def protect_key(key: Path, password: str) -> None:
    """Put a password on a key."""
    made = key.with_suffix(".protected")
    _openssl("pkey", "-in", key, "-out", made, "-aes256", "-passout", f"pass:{password}")
    made.chmod(0o600)
    made.replace(key)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)
