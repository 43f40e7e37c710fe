"""Readers of JUnit's relatives: CTest, GTester, Qt TestLib, and GoogleTest's JSON."""

from __future__ import annotations

from typing import Any, Final

from stationmaster.api import ConversionError, Status
from stationmaster.api.json_text import JsonObject, as_object
from stationmaster.api.number import parse_number
from stationmaster.api.xml import Element, child_text, children, inner_text, local_name, place
from stationmaster.converters.junit_readers import seconds_of
from stationmaster.converters.junit_tree import Case, Measurement, Suite, check_depth

_CTEST: Final = {"passed": Status.PASSED, "failed": Status.FAILED, "notrun": Status.SKIPPED}
_GTESTER: Final = {"success": Status.PASSED, "failed": Status.FAILED, "skipped": Status.SKIPPED}
_QT: Final = {
    "pass": Status.PASSED,
    "bpass": Status.PASSED,
    "xfail": Status.PASSED,
    "bxfail": Status.PASSED,
    "fail": Status.FAILED,
    "xpass": Status.FAILED,
    # Blacklisted functions: Qt runs them and does not let them fail the test.
    "bfail": Status.SKIPPED,
    "bxpass": Status.SKIPPED,
    "skip": Status.SKIPPED,
}
_GTEST_KNOWN: Final = frozenset(
    {"name", "file", "line", "status", "result", "timestamp", "time", "classname", "failures", "type_param"}
)
_GTEST_SUITE_KNOWN: Final = frozenset(
    {"name", "tests", "failures", "disabled", "errors", "timestamp", "time", "testsuites", "testsuite"}
)


# ---------------------------------------------------------------- CTest
def read_ctest(root: Element) -> Suite:
    """Read a `Site` document of CTest."""
    testing = next(children(root, "Testing"), None)
    if testing is None:
        raise ConversionError("the CTest file has no test results (no <Testing>)", place=place(root))
    name = str(root.get("BuildName") or "")
    start, end = _number(testing, "StartTestTime"), _number(testing, "EndTestTime")
    suite = Suite(
        name="" if name == "(empty)" else name,
        host=str(root.get("Hostname") or ""),
        attributes={str(key): str(value) for key, value in root.attrib.items()},
        epoch=start,
        seconds=max(0.0, end - start) if start is not None and end is not None else None,
        place=place(testing),
    )
    suite.children.extend(_ctest_case(test) for test in children(testing, "Test"))
    return suite


def _ctest_case(test: Element) -> Case:
    status = _CTEST.get(str(test.get("Status") or "").casefold())
    if status is None:
        raise ConversionError(f"{str(test.get('Status'))[:40]!r} is no status of CTest", place=place(test))
    case = Case(name=child_text(test, "Name"), status=status, place=place(test))
    texts: list[str] = []
    for results in children(test, "Results"):
        for named in children(results, "NamedMeasurement"):
            _ctest_measurement(case, named, texts)
        texts.extend(child_text(printed, "Value").strip() for printed in children(results, "Measurement"))
    case.text = "\n".join(filter(None, texts))
    return case


def _ctest_measurement(case: Case, named: Element, texts: list[str]) -> None:
    name, text = str(named.get("name") or ""), child_text(named, "Value").strip()
    if not str(named.get("type") or "").startswith("numeric/"):
        if text and name != "Command Line":
            texts.append(f"{name}: {text}")
        if name in {"Exit Value", "Fail Reason", "Exit Code"} and case.status is Status.FAILED:
            case.message = case.message or f"{name}: {text}"
        return
    try:
        value = parse_number(text)
    except ValueError as error:
        raise ConversionError(str(error), place=place(named)) from error
    if name == "Execution Time":
        case.seconds = seconds_of(text)
    elif value is not None:
        case.extra.append(Measurement(name or "Value", value))


# ---------------------------------------------------------------- GTester
def read_gtester(root: Element) -> Suite:
    """Read a `gtester` document of GLib."""
    suite = Suite(name="", place=place(root))
    for binary in children(root, "testbinary"):
        below = Suite(
            name=str(binary.get("path") or ""),
            seconds=seconds_of(child_text(binary, "duration")),
            place=place(binary),
        )
        below.children.extend(_gtester_case(case) for case in children(binary, "testcase"))
        suite.children.append(below)
    return suite


def _gtester_case(element: Element) -> Case:
    case = Case(
        name=str(element.get("path") or ""),
        status=_gtester_status(element),
        seconds=seconds_of(child_text(element, "duration")),
        place=place(element),
    )
    errors = [inner_text(one).strip() for one in children(element, "error")]
    messages = [inner_text(one).strip() for one in children(element, "message")]
    case.message = errors[0] if errors else ""
    case.text = "\n".join((*errors, *messages))
    return case


def _gtester_status(element: Element) -> Status:
    if str(element.get("skipped") or "0") not in {"", "0"}:
        return Status.SKIPPED
    state = next(children(element, "status"), None)
    if state is None:
        # The test program died in this case: GTester could not write how it ended.
        return Status.ERROR
    status = _GTESTER.get(str(state.get("result") or "").casefold())
    if status is None:
        raise ConversionError(
            f"{str(state.get('result'))[:40]!r} is no result of GTester", place=place(state)
        )
    return status


# ---------------------------------------------------------------- Qt TestLib
def read_qt(root: Element) -> Suite:
    """Read a `TestCase` document of Qt TestLib."""
    suite = Suite(name=str(root.get("name") or ""), seconds=_millis(root), place=place(root))
    for environment in children(root, "Environment"):
        suite.properties.extend((local_name(one), inner_text(one).strip()) for one in children(environment))
    suite.children.extend(_qt_case(function) for function in children(root, "TestFunction"))
    return suite


def _qt_case(function: Element) -> Case:
    case = Case(name=str(function.get("name") or ""), status=Status.PASSED, place=place(function))
    case.seconds = _millis(function)
    texts: list[str] = []
    for child in children(function):
        tag, word = local_name(child), str(child.get("type") or "").casefold()
        told = ": ".join(
            filter(None, (child_text(child, "DataTag").strip(), child_text(child, "Description").strip()))
        )
        if tag == "Incident" or (tag == "Message" and word == "skip"):
            status = _QT.get(word)
            if status is None:
                raise ConversionError(f"{word[:40]!r} is no incident of Qt TestLib", place=place(child))
            case.parts.append((child_text(child, "DataTag").strip(), status))
            if word != "pass":
                texts.append(f"{word}: {told}" if told else word)
            if status is Status.FAILED and not case.message:
                case.message = told or word
        elif tag == "Message":
            texts.append(f"{word}: {told}")
        elif tag == "BenchmarkResult":
            _qt_benchmark(case, child)
    case.status = _qt_status(case)
    case.text = "\n".join(texts)
    return case


def _qt_status(case: Case) -> Status:
    statuses = [status for _tag, status in case.parts]
    if Status.FAILED in statuses:
        return Status.FAILED
    if statuses and Status.PASSED not in statuses:
        return Status.SKIPPED
    # Without any incident the function never ended.
    return Status.PASSED if statuses else Status.ERROR


def _qt_benchmark(case: Case, element: Element) -> None:
    try:
        value = parse_number(str(element.get("value") or ""), decimal="auto")
    except ValueError as error:
        raise ConversionError(str(error), place=place(element)) from error
    if value is not None:
        name = " ".join(
            filter(None, (str(element.get("metric") or "benchmark"), str(element.get("tag") or "")))
        )
        case.extra.append(Measurement(name, value))


def _millis(element: Element) -> float | None:
    duration = next(children(element, "Duration"), None)
    if duration is None:
        return None
    millis = seconds_of(str(duration.get("msecs") or "").replace(",", "."))
    return None if millis is None else millis / 1000


# ---------------------------------------------------------------- GoogleTest JSON
def read_gtest_json(document: Any) -> Suite:
    """Read the JSON that GoogleTest writes with `--gtest_output=json`."""
    return _gtest_suite(as_object(document, ""), 0)


def _gtest_suite(node: JsonObject, depth: int) -> Suite:
    check_depth(depth, node.place)
    suite = Suite(
        name=node.text("name"),
        timestamp=node.text("timestamp"),
        seconds=seconds_of(node.text("time")),
        attributes=_extras(node, _GTEST_SUITE_KNOWN),
        place=node.place,
    )
    suite.children.extend(_gtest_suite(below, depth + 1) for below in node.objects("testsuites"))
    suite.children.extend(_gtest_case(below) for below in node.objects("testsuite"))
    return suite


def _gtest_case(node: JsonObject) -> Case:
    failures = [failure.text("failure") for failure in node.objects("failures")]
    words = {node.text("status").casefold(), node.text("result").casefold()}
    status = Status.PASSED
    if failures:
        status = Status.FAILED
    elif words & {"notrun", "skipped", "suppressed"}:
        status = Status.SKIPPED
    return Case(
        name=node.text("name"),
        class_name=node.text("classname"),
        status=status,
        seconds=seconds_of(node.text("time")),
        message=failures[0] if failures else "",
        text="\n".join(failures),
        properties=list(_extras(node, _GTEST_KNOWN).items()),
        place=node.place,
    )


def _extras(node: JsonObject, known: frozenset[str]) -> dict[str, str]:
    """What the author recorded: GoogleTest writes it as members beside its own."""
    return {
        key: node.text(key)
        for key, value in node.data.items()
        if key not in known and isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _number(element: Element, name: str) -> float | None:
    text = child_text(element, name).strip()
    try:
        return parse_number(text)
    except ValueError as error:
        raise ConversionError(f"{name}: {error}", place=place(element)) from error
