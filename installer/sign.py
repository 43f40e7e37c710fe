"""Sign packages, and check signatures: the one place that knows how and with which key.

    python installer/sign.py FILE...            sign each
    python installer/sign.py --verify FILE...   check each; leaves with 1 where one is not right

==================  ==========================================================================
programs (Windows)  Authenticode, by osslsigncode: leaf and intermediate certificate
everything else     a detached OpenPGP signature beside it, FILE.asc, by gpg
==================  ==========================================================================

The keys lie in the folder that STATIONMASTER_SIGN_KEYS names: `gpg/` (a GnuPG home with one secret key),
`code.pem`, `code.key`, `chain.pem`, `root.pem`. Where it names none, test keys are made in build/test-keys:
they show that signing works, and nobody should trust them. STATIONMASTER_SIGN_TIMESTAMP names a time stamp
server for .exe files; releases need one, as their signatures must outlive the certificate.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEST_KEYS = ROOT / "build" / "test-keys"
_WHO = "Stationmaster TEST key"
_DAYS = "90"


def keys() -> Path:
    """The folder of the keys; test keys are made where none is named."""
    named = os.environ.get("STATIONMASTER_SIGN_KEYS", "")
    if named:
        return Path(named)
    if not (TEST_KEYS / "code.pem").is_file():
        make_test_keys(TEST_KEYS)
    return TEST_KEYS


def sign(file: Path) -> Path:
    """Sign a file; the path of what carries the signature."""
    place = keys()
    if not _is_program(file):
        signature = file.with_name(f"{file.name}.asc")
        _gpg(place, "--yes", "--armor", "--output", str(signature), "--detach-sign", str(file))
        return signature
    signed = file.with_suffix(".signed")
    stamp = os.environ.get("STATIONMASTER_SIGN_TIMESTAMP", "")
    _run(
        *("osslsigncode", "sign", "-h", "sha256", "-n", "Stationmaster"),
        *(
            "-certs",
            str(place / "code.pem"),
            "-ac",
            str(place / "chain.pem"),
            "-key",
            str(place / "code.key"),
        ),
        *(("-ts", stamp) if stamp else ()),
        *("-in", str(file), "-out", str(signed)),
    )
    shutil.copymode(file, signed)
    signed.replace(file)
    return file


def _is_program(file: Path) -> bool:
    """Of Windows; by its first bytes, as NSIS hands its uninstaller over under a name without an end."""
    with file.open("rb") as opened:
        return opened.read(2) == b"MZ"


def is_signed(file: Path) -> bool:
    """Whether an .exe carries a signature: the table of certificates in its PE header is not empty."""
    data = file.read_bytes()
    header = int.from_bytes(data[0x3C:0x40], "little") + 24  # of the optional header
    directories = header + (112 if data[header : header + 2] == b"\x0b\x02" else 96)
    return any(data[directories + 32 : directories + 40])


def verify(file: Path) -> bool:
    """Whether the signature is of our key and the file is as it was signed."""
    place = keys()
    try:
        if _is_program(file):
            _run("osslsigncode", "verify", "-CAfile", str(place / "root.pem"), "-in", str(file))
        else:
            _gpg(place, "--verify", f"{file}.asc", str(file))
    except subprocess.CalledProcessError:
        return False
    return True


def make_test_keys(place: Path) -> None:
    """Make keys that show that signing works: an OpenPGP key; root, intermediate and leaf certificate."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "gpg").mkdir(mode=0o700, exist_ok=True)
    _gpg(place, "--passphrase", "", "--quick-generate-key", _WHO, "ed25519", "sign", f"{_DAYS}d")
    ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
    code = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n"
    for name, issuer, extensions in (("root", "", ca), ("chain", "root", ca), ("code", "chain", code)):
        _certificate(place, name, issuer, extensions)


def _certificate(place: Path, name: str, issuer: str, extensions: str) -> None:
    key, request, certificate = place / f"{name}.key", place / f"{name}.csr", place / f"{name}.pem"
    _run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", str(key))
    key.chmod(0o600)
    _run("openssl", "req", "-new", "-key", str(key), "-subj", f"/CN={_WHO} {name}", "-out", str(request))
    settings = place / f"{name}.ext"
    settings.write_text(extensions, encoding="utf-8")
    by = (
        ("-CA", str(place / f"{issuer}.pem"), "-CAkey", str(place / f"{issuer}.key"), "-CAcreateserial")
        if issuer
        else ("-signkey", str(key))
    )
    _run(
        *("openssl", "x509", "-req", "-in", str(request), "-days", _DAYS, "-sha256"),
        *by,
        *("-extfile", str(settings), "-out", str(certificate)),
    )


def _gpg(place: Path, *arguments: str) -> None:
    # GnuPG's agent listens below its home, whose name may be too long for a socket: it takes /run/user then.
    _run("gpg", "--homedir", str(place / "gpg"), "--batch", "--pinentry-mode", "loopback", *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(  # noqa: S603 - commands of this file
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.stderr.write(f"{' '.join(command)}\n{done.stdout}\n")
        done.check_returncode()


def main(arguments: list[str]) -> None:
    """Sign or check what the command line names."""
    checking = arguments[:1] == ["--verify"]
    files = [Path(name) for name in arguments[checking:]]
    if not files:
        raise SystemExit("usage: sign.py [--verify] FILE...")
    for file in files:
        if checking:
            if not verify(file):
                raise SystemExit(f"{file}: the signature is not right")
            print(f"{file}: signed by our key")  # noqa: T201 - the answer
        else:
            print(f"{file}: signed, see {sign(file)}")  # noqa: T201 - the answer


if __name__ == "__main__":
    main(sys.argv[1:])
