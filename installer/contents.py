"""What goes into the two programs, and what stays out. Read by `build.spec`.

A converter of a station's own may import whatever the standard library has, so all of it goes into the
console program, used or not. The tray imports nobody's code and takes what it uses.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

NEVER = [
    # Of the standard library: these need Tcl/Tk, a terminal of a developer, or the interpreter's own files.
    *("tkinter", "_tkinter", "turtle", "turtledemo", "idlelib", "test", "lib2to3", "ensurepip", "venv"),
    *("curses", "_curses", "_curses_panel", "readline", "rlcompleter", "pydoc_data"),
    *(
        "_testbuffer",
        "_testcapi",
        "_testclinic",
        "_testimportmultiple",
        "_testinternalcapi",
        "_testmultiphase",
    ),
    *("_ctypes_test", "_xxtestfuzz", "xxlimited", "xxlimited_35", "xxsubtype"),  # tests of the interpreter
    *("_pydecimal", "_pyio"),  # twins in Python of what is there in C
    "distutils",  # builds packages, and is gone from Python 3.12
    "nis",  # Sun's directory of the nineties, gone from Python 3.13; it brings Kerberos along
    # Of development, which a converter's test on this machine may drag in.
    *(
        "pytest",
        "_pytest",
        "hypothesis",
        "mypy",
        "coverage",
        "PyInstaller",
        "setuptools",
        "pip",
        "pkg_resources",
    ),
    # LGPL, and brings numpy along: who reads TDMS installs the extra.
    "nptdms",
    # What a library would use if it were there, and does without.
    *("IPython", "numpy", "uvloop", "trio", "brotli", "yaml"),
    *("requests", "urllib3", "certifi", "bs4", "html5lib", "cssselect", "charset_normalizer", "chardet"),
    # Parts of libraries that are large and that nothing of ours loads.
    *(
        "lxml.html.diff",
        "lxml.html._difflib",
        "lxml.objectify",
        "lxml.isoschematron",
        "lxml.html",
        "lxml.sax",
    ),
    # Colours of 500 languages, for tracebacks and Markdown that our command line does not show.
    *(
        "pygments",
        "markdown_it",
        "mdurl",
        "rich.traceback",
        "rich.syntax",
        "rich.markdown",
        "typer.rich_utils",
    ),
    *(
        "pydantic.v1",
        "pydantic.mypy",
        "multidict._multidict_py",
        "anyio._backends._trio",
        "pluggy",
        "colorama",
    ),
]
"""Modules of neither program."""

NOT_IN_TRAY = [
    "lxml",
    "cryptography",
    "watchfiles",
    "truststore",
    "keyring",
    "typer",
    "rich",
    "tomlkit",
    "prometheus_client",
]
"""What only the agent and the command line use."""

_QT_PLUGINS = (
    *("platforms/libqxcb", "platforms/libqoffscreen", "platforms/libqwayland", "platforms/qwindows"),
    *("platforms/libqcocoa", "platforms/qoffscreen", "wayland-", "xcbglintegrations/libqxcb-glx"),
    *("imageformats/libqsvg", "imageformats/qsvg", "iconengines/", "styles/", "tls/"),
    *("platforminputcontexts/libcompose", "platforminputcontexts/libibus"),
    *("platformthemes/libqxdgdesktopportal", "egldeviceintegrations/none"),
)
"""The beginnings of names of those Qt plug-ins that a widget window uses; there are 40 more."""

_QT_LIBRARIES = (
    *("Qt6Quick", "Qt6Qml", "Qt6Pdf", "Qt6VirtualKeyboard", "Qt6EglFS", "Qt6Designer", "Qt6Test", "Qt6Sql"),
    *("Qt6OpenGLWidgets", "Qt6ShaderTools", "Qt6Concurrent", "Qt6Print", "opengl32sw", "d3dcompiler"),
)
"""Parts of the names of Qt libraries that nothing here loads."""

_OF_THE_SYSTEM = ("libgtk-3", "libgdk-3", "libstdc++", "libgcc_s", "libX11.", "libxcb.", "libGL", "libEGL")
"""Libraries that must be the machine's own, as its graphics driver brings others that match them."""


_METADATA = {"METADATA", "entry_points.txt", "top_level.txt"}
"""Of a package's metadata: what tells name, version and entry points; not lists of files and of origins."""


_WITHOUT_DOCSTRINGS = {
    *(
        "anyio",
        "attr",
        "backports",
        "cryptography",
        "importlib_metadata",
        "jaraco",
        "jeepney",
        "more_itertools",
    ),
    *(
        "platformdirs",
        "prometheus_client",
        "pydantic",
        "rich",
        "secretstorage",
        "tomlkit",
        "typing_extensions",
    ),
}


def without_docstrings(modules: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """PyInstaller's list of modules, with the standard library and some others compiled as by `python -OO`.

    It saves 2 MB. Ours stay as they are: help texts are made of docstrings.
    """
    dropped = sys.stdlib_module_names | _WITHOUT_DOCSTRINGS
    return [
        (name, source, "PYMODULE-2" if name.partition(".")[0] in dropped else kind)
        for name, source, kind in modules
    ]


def without_descriptions(files: Iterable[tuple[str, str, str]], folder: Path) -> list[tuple[str, str, str]]:
    """PyInstaller's list of files, without the pages for the web that packages have in their metadata.

    That is what follows the first empty line; name and version stand above it.

    Args:
        files: where a file would lie, where it is, and its kind.
        folder: where the short ones are written.
    """
    found = []
    for name, source, kind in files:
        path, place = Path(name), source
        if path.name == "METADATA" and path.parent.suffix == ".dist-info":
            short = folder / path.parent.name / path.name
            short.parent.mkdir(parents=True, exist_ok=True)
            short.write_text(Path(source).read_text(encoding="utf-8").partition("\n\n")[0] + "\n", "utf-8")
            place = str(short)
        found.append((name, place, kind))
    return found


_OF_GTK = (
    *(
        "libgio-2",
        "libgobject-2",
        "libgmodule-2",
        "libcairo",
        "libpango",
        "libpixman",
        "libharfbuzz",
        "libgraphite2",
    ),
    *("libgdk_pixbuf", "libatk", "libatspi", "libepoxy", "libmount", "libblkid", "libselinux", "libjpeg"),
    *(
        "libfribidi",
        "libthai",
        "libdatrie",
        "libXcursor",
        "libXrandr",
        "libXinerama",
        "libXdamage",
        "libXcomposite",
    ),
)
"""What came along with Qt's theme for GTK, which stays out itself: 4 MB that nothing loads."""


def is_needed(name: str) -> bool:
    """Whether a collected file is used by one of the programs.

    Args:
        name: where it would lie, below the program's folder.
    """
    path = name.replace("\\", "/")
    file = path.rpartition("/")[2]
    if file.startswith(_OF_THE_SYSTEM + _OF_GTK) or (".dist-info/" in path and file not in _METADATA):
        return False
    if "PySide6" not in path and not file.startswith(("libQt6", "Qt6")):
        return True
    if "/translations/" in path or any(part in file for part in _QT_LIBRARIES):
        return False
    _, plugins, rest = path.partition("/plugins/")
    return not plugins or rest.startswith(_QT_PLUGINS)


def console_modules() -> list[str]:
    """Modules of the console program that no import statement names."""
    return [
        *standard_library(),
        *modules_below(ROOT / "agent" / "stationmaster"),
        *_installed("lxml", "keyring"),
    ]


def tray_modules() -> list[str]:
    """Modules of the tray that no import statement names."""
    return list(modules_below(ROOT / "tray" / "stationmaster_tray"))


def console_data() -> list[tuple[str, str]]:
    """Files of the console program: what a new converter starts from, and names and versions of packages."""
    starter = ROOT / "agent" / "stationmaster" / "convert" / "starter"
    files = [
        (str(path), str(Path("stationmaster/convert/starter") / path.parent.relative_to(starter)))
        for path in sorted(starter.rglob("*"))
        if path.is_file() and path.suffix == ".txt"
    ]
    return files + _metadata()


def tray_data() -> list[tuple[str, str]]:
    """Files of the tray: its pictures, its translations, and the documentation, packed.

    Raises:
        FileNotFoundError: nobody has built the documentation.
    """
    site = ROOT / "build/site"
    if not (site / "index.html").is_file():
        raise FileNotFoundError(f"{site}/index.html is missing: make docs builds it")
    packed = shutil.make_archive(str(ROOT / "build/guide/site"), "zip", site)
    return [
        (str(ROOT / "tray/stationmaster_tray/icons"), "stationmaster_tray/icons"),
        (str(ROOT / "tray/stationmaster_tray/translations"), "stationmaster_tray/translations"),
        (packed, "stationmaster_tray"),
    ]


def standard_library() -> Iterator[str]:
    """Every module of the standard library that exists on this system."""
    folder = Path(sysconfig.get_path("stdlib"))
    for name in sorted(sys.stdlib_module_names):
        if name in NEVER or name in {"this", "antigravity"}:  # these talk when they are imported
            continue
        package = folder / name
        if (package / "__init__.py").is_file():
            yield from modules_below(package)
        elif name in sys.builtin_module_names or find_spec(name) is not None:
            yield name


def modules_below(package: Path, name: str = "") -> Iterator[str]:
    """A package and all modules below it, by its files: nothing is imported."""
    name = name or package.name
    if name in NEVER:
        return
    yield name
    for path in sorted(package.iterdir()):
        inner = f"{name}.{path.stem}"
        if path.is_dir() and (path / "__init__.py").is_file() and path.name not in {"test", "tests"}:
            yield from modules_below(path, f"{name}.{path.name}")
        elif path.suffix == ".py" and path.stem not in {"__init__", "__main__"} and inner not in NEVER:
            yield inner


def _installed(*packages: str) -> Iterator[str]:
    for package in packages:
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            yield from modules_below(Path(spec.submodule_search_locations[0]))


def _metadata() -> list[tuple[str, str]]:
    """Names and versions: keyring finds its ways by them, diagnostics tells them."""
    from PyInstaller.utils.hooks import (  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types, and is there where bundles are built
        copy_metadata,
    )

    found: list[tuple[str, str]] = []
    for requirement in distribution("stationmaster").requires or []:
        if "extra ==" in requirement:
            continue
        name = requirement.split(";")[0].strip()
        for end in "<>=![ ":
            name = name.split(end)[0]
        try:
            distribution(name)
        except PackageNotFoundError:  # of another system
            continue
        found += copy_metadata(name)
    return [*found, *copy_metadata("stationmaster")]
