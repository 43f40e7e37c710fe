"""What the product has stands in its docs: settings, routes, Problems, converters, variables, fields."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

import stationmaster.api
from docs.page import DOCS, PAGES, ROOT, blocks, headings, section
from fakes import rack
from stationmaster.api import CompOp, ConverterOptions, Sequence, Step
from stationmaster.api import reference as api_reference
from stationmaster.api.testing import convert_file
from stationmaster.canary import Canary, CanaryFile, CanaryValue
from stationmaster.cli.exit import Exit
from stationmaster.config import reference
from stationmaster.control import canary_protocol, protocol, trial_protocol
from stationmaster.control.routes import ROUTES
from stationmaster.convert.built_in import BUILT_INS
from stationmaster.diagnostics.check import TITLES
from stationmaster.model import (
    AgentStatus,
    Check,
    CheckState,
    Counts,
    Entry,
    EntryState,
    FolderStatus,
    Hop,
    InstanceStatus,
    Lifecycle,
    Link,
    Problem,
    ProblemCode,
    UploadStatus,
)

AGENT = ROOT / "agent" / "stationmaster"


def page(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def source(folder: str = "") -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((AGENT / folder).rglob("*.py")))


def test_the_settings_page_is_current() -> None:
    assert page("docs/settings.md") == reference.render()


def test_every_route_has_its_section_and_no_other() -> None:
    written = {heading.strip("`") for heading in headings(DOCS / "control-api.md") if heading.startswith("`")}
    assert written == {f"{method} {path}" for method, path, *_ in ROUTES}


@pytest.mark.parametrize(
    "kind",
    [
        protocol.AddRequest,
        protocol.Submitted,
        protocol.InstanceConfigView,
        protocol.DoctorRequest,
        protocol.CheckLine,
        protocol.TestConnectionRequest,
        Canary,
        CanaryFile,
        CanaryValue,
        canary_protocol.CanaryRequest,
        canary_protocol.PromoteRequest,
        canary_protocol.Promoted,
        trial_protocol.ConverterFault,
        trial_protocol.ConverterOption,
        trial_protocol.ConverterView,
        trial_protocol.Fault,
        trial_protocol.SettingForm,
        trial_protocol.SettingSection,
        trial_protocol.Trial,
        trial_protocol.TrialError,
        trial_protocol.TrialIssue,
        trial_protocol.TrialReport,
        Check,
    ],
)
def test_fields_of_requests_and_answers_stand_in_the_control_api(kind: type[msgspec.Struct]) -> None:
    text = page("docs/control-api.md")
    assert not [
        field for field in kind.__struct_fields__ if f"`{field}`" not in text and f'"{field}"' not in text
    ]


@pytest.mark.parametrize("kind", [AgentStatus, InstanceStatus, FolderStatus, UploadStatus, Counts, Entry])
def test_fields_of_the_snapshot_stand_in_the_control_api(kind: type[msgspec.Struct]) -> None:
    text = page("docs/control-api.md")
    assert not [field for field in kind.__struct_fields__ if f"`{field}`" not in text]


def test_fields_of_a_problem_stand_on_its_page() -> None:
    text = section(DOCS / "problems.md", "A Problem")
    assert not [field for field in Problem.__struct_fields__ if f"`{field}`" not in text]


def test_error_codes_of_the_control_channel_stand_in_its_page() -> None:
    orders = "".join(page(f"agent/stationmaster/runtime/{name}.py") for name in ("order", "queue_order"))
    code = source("control") + orders
    codes = set(re.findall(r'code="([a-z-]+)"', code)) | set(re.findall(r'_refuse\(\d+, "([a-z-]+)"', code))
    assert {"usage", "unavailable", "not-found"} <= codes
    text = section(DOCS / "control-api.md", "Errors")
    assert not [one for one in codes if f"`{one}`" not in text]


def test_every_problem_has_its_section_and_no_other() -> None:
    text = page("docs/problems.md")
    written = set(re.findall(r"^### (\S+)$", text, re.MULTILINE))
    assert written == {code.value for code in ProblemCode}
    unhelpful = [code for code in written if "**What to do:**" not in section(DOCS / "problems.md", code)]
    assert not unhelpful


@pytest.mark.parametrize("values", [Hop, CheckState])
def test_checks_of_the_doctor_stand_in_the_command_line(values: type[Hop | CheckState]) -> None:
    text = section(DOCS / "cli.md", "`stationmaster doctor")
    assert not [value for value in values if f"`{value.value}`" not in text]


def test_the_doctors_lines_and_the_guides_name_checks_alike() -> None:
    rows = re.findall(r"^\| ([^|]+) \| `([a-z-]+)` \|", page("docs/cli.md"), re.MULTILINE)
    assert {hop: label for hop, label in TITLES.items() if (label, hop.value) not in rows} == {}
    text = page("docs/how-to/troubleshooting.md")
    mentions = re.findall(r"(?:^|\| )([^|`\n]+) \(`([a-z-]+)`\) (?:failed|warns)", text, re.MULTILINE)
    assert {Hop.AGENT, Hop.DNS, Hop.TCP, Hop.CLOCK} <= {hop for _, hop in mentions}
    assert [one for one in mentions if TITLES[Hop(one[1])] != one[0]] == []
    assert not re.findall(r"^\| `[a-z-]+` (?:failed|warns)", text, re.MULTILINE)
    lines = re.findall(r"^  \S (?:ok|warning|failed|skipped) +([^:]+): ", text, re.MULTILINE)
    assert lines
    assert [label for label in lines if label not in TITLES.values()] == []


def test_every_problem_stands_in_the_troubleshooting_guide_once() -> None:
    text = section(DOCS / "how-to" / "troubleshooting.md", "By Problem code")
    assert sorted(re.findall(r"problems\.md#([a-z-]+)\)", text)) == sorted(code.value for code in ProblemCode)


@pytest.mark.parametrize("states", [EntryState, Lifecycle, Link])
def test_states_stand_in_the_architecture(states: type[EntryState | Lifecycle | Link]) -> None:
    text = section(DOCS / "architecture.md", "States")
    assert not [state for state in states if f"`{state.value}`" not in text]


@pytest.mark.parametrize("converter", sorted(BUILT_INS))
def test_every_built_in_converter_has_its_page_and_stands_in_the_index(converter: str) -> None:
    assert (DOCS / "converters" / f"{converter}.md").is_file()
    assert f"[`{converter}`](converters/{converter}.md)" in page("docs/index.md")


def test_every_step_the_builder_makes_stands_in_the_tutorial_and_the_format() -> None:
    makers = [name for name, value in vars(Sequence).items() if not name.startswith("_") and callable(value)]
    assert len(makers) > 10
    for path in ("docs/writing-a-converter.md", "docs/reference/wsjf.md"):
        assert not [name for name in makers if f"`{name}`" not in page(path)], path
    common = ("details", "chart", "attach", "additional", "loop_summary", "loop_index")
    assert not [name for name in common if not hasattr(Step, name)]


def test_the_page_of_the_converter_api_is_current_and_names_every_public_name() -> None:
    text = page("docs/reference/converter-api.md")
    assert text == api_reference.render(), "python -m stationmaster.api.reference --write makes it anew"
    assert not [one for one in stationmaster.api.__all__ if f"### `{one}`\n" not in text]


def test_every_code_of_a_check_stands_in_the_tutorial_and_no_other() -> None:
    code = source("api/trial") + page("agent/stationmaster/convert/check.py")
    told = set(re.findall(r'(?:found\.\w+|tell|found\.add)\(\s*"([a-z-]+)",', code))
    told |= set(re.findall(r'_same\(case, found, \w+, "([a-z-]+)"', code)) | set(
        re.findall(r'"(hangs|memory)"', code)
    )
    told |= set(re.findall(r'^ +"(line-ends)",$', code, re.MULTILINE))
    rows = section(DOCS / "writing-a-converter.md", "What a check finds")
    written = {
        one
        for row in re.findall(r"^\| (`[^|]*) \|", rows, re.MULTILINE)
        for one in re.findall(r"`([a-z-]+)`", row)
    }
    assert written == told


def test_every_operator_stands_in_the_format() -> None:
    text = section(DOCS / "reference" / "wsjf.md", "Comparison operators")
    assert not [comp for comp in CompOp if f"`{comp.value}`" not in text]


def test_common_options_stand_on_the_pages_of_converters() -> None:
    text = page("docs/converters/wsjf.md")
    assert not [option for option in ConverterOptions.__struct_fields__ if f"`{option}`" not in text]


def test_exit_codes_stand_in_the_command_line() -> None:
    text = section(DOCS / "cli.md", "Exit codes")
    rows = dict(re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE))
    assert rows == {str(code.value): code.name for code in Exit}


def test_kinds_of_json_answers_stand_in_the_command_line() -> None:
    kinds = set(re.findall(r'print_json\(\s*"([a-z-]+)"', source("cli")))
    rows = set(re.findall(r"^\| `([a-z-]+)` \| `", section(DOCS / "cli.md", "JSON"), re.MULTILINE))
    assert rows == kinds


def test_environment_variables_stand_in_the_docs() -> None:
    code = source()
    ours = set(re.findall(r"STATIONMASTER_[A-Z]+", code))
    assert "STATIONMASTER_HOME" in ours
    assert not [one for one in ours if one not in section(DOCS / "cli.md", "Environment variables")]
    others = set(re.findall(r'env(?:iron)?\.get\("([A-Z_]+)"', code))
    everything = "\n".join(one.read_text(encoding="utf-8") for one in PAGES)
    assert not [one for one in others if one not in everything]
    tests = set(re.findall(r"STATIONMASTER_[A-Z_]+", page("Makefile") + page(".ci/run")))
    assert not [one for one in tests if one not in page("CONTRIBUTING.md")]


def test_pages_with_commands_for_one_instance_say_how_to_name_it() -> None:
    """Where there are several, such a command is refused without; `queue find` looks in all."""
    ask = re.compile(r"stationmaster (?:queue (?!find)|archive )")
    silent = [one.name for one in PAGES if ask.search(text := one.read_text()) and "--instance" not in text]
    assert not silent


def test_a_unit_of_the_folder_sample_has_a_part_number(tmp_path: Path) -> None:
    (sample,) = [one for one in blocks(DOCS / "writing-a-converter.md") if one.marks.get("file") == "rack.py"]
    space: dict[str, Any] = {}
    exec(compile(sample.text, "rack.py", "exec"), space)  # noqa: S102 - the page's own code
    unit = rack.unit(tmp_path, "SN-1", content=b"SN-1,2026-03-02 08:15:30\nVCC,5.0,4.75,5.25\n")
    (report,) = convert_file(space["RackConverter"](), unit, marker=rack.MARKER)
    assert (report.sn, report.pn) == ("SN-1", "RACK-1")


def test_every_make_target_has_its_equivalent() -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE)) - {"help"}
    text = page("CONTRIBUTING.md")
    equivalents = section(ROOT / "CONTRIBUTING.md", "Windows and macOS")
    assert not [one for one in targets if f"`make {one}`" not in text]
    assert not [one for one in targets if f"| `make {one}` |" not in equivalents]


def test_pages_that_code_points_to_exist() -> None:
    named = set(re.findall(r"docs/[\w/-]+\.md", source()))
    assert named
    assert not [one for one in named if not Path(ROOT, one).is_file()]


def test_tests_that_the_guarantees_point_to_exist() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", page("docs/guarantees.md")))
    assert len(named) > 5
    assert not [one for one in named if not (ROOT / one).is_file()]
