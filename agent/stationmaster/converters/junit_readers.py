"""Reader of JUnit XML proper: JUnit, pytest, GoogleTest, nose, Surefire and those that imitate them."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from lxml import etree

from stationmaster.api import ConversionError, Status
from stationmaster.api.number import parse_number
from stationmaster.api.xml import Element, children, inner_text, local_name, place
from stationmaster.converters.junit_tree import Case, Suite, check_depth

_TEXTS: Final = {"system-out", "system-err"}
_SUITES: Final = ("testsuite", "testsuites")
_KNOWN: Final = frozenset(
    {"name", "tests", "failures", "errors", "skipped", "skip", "disabled", "time", "timestamp", "hostname"}
)
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
# What a case's own attributes may say; only "not run" is a verdict there, the rest stands in child elements.
_NOT_RUN: Final = frozenset({"notrun", "disabled", "suppressed", "skipped", "ignored"})
_SAID_BAD: Final = {"failed": Status.FAILED, "failure": Status.FAILED, "error": Status.ERROR}


def read_junit(root: Element) -> Suite:
    """Read a document whose root is `testsuites` or `testsuite`."""
    return _suite(root, 0)


def seconds_of(text: str) -> float | None:
    """A duration; None where there is none or it makes no sense. Surefire groups thousands by commas."""
    text = text.strip().removesuffix("s")
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    try:
        seconds = parse_number(text, decimal="auto")
    except ValueError:
        return None
    return None if seconds is None or not 0 <= seconds < 1e10 else seconds


def _suite(element: Element, depth: int) -> Suite:
    check_depth(depth, place(element))
    suite = Suite(
        name=str(element.get("name") or ""),
        timestamp=str(element.get("timestamp") or ""),
        seconds=seconds_of(str(element.get("time") or "")),
        host=str(element.get("hostname") or ""),
        attributes={str(key): str(value) for key, value in element.attrib.items() if key not in _KNOWN},
        place=place(element),
    )
    texts = []
    for child in children(element):
        tag = local_name(child)
        if tag == "testcase":
            suite.children.append(_case(child))
        elif tag in _SUITES:
            suite.children.append(_suite(child, depth + 1))
        elif tag == "properties":
            suite.properties.extend(_properties(child))
        elif tag in _TEXTS or tag in {"failure", "error"}:
            texts.append(inner_text(child).strip())
    suite.text = "\n".join(filter(None, texts))
    if depth <= 1:
        suite.record = partial(_bytes, element)
    return suite


def _bytes(element: Element) -> bytes:
    return etree.tostring(element, with_tail=False)


def _case(element: Element) -> Case:
    case = Case(
        name=str(element.get("name") or ""),
        class_name=str(element.get("classname") or ""),
        status=_status(element),
        seconds=seconds_of(str(element.get("time") or "")),
        place=place(element),
    )
    texts = []
    for child in children(element):
        tag = local_name(child)
        if tag == "properties":
            case.properties.extend(_properties(child))
        elif tag in _TEXTS:
            texts.append(inner_text(child).strip())
        elif tag in {"failure", "error", "skipped"}:
            message = str(child.get("message") or "").strip()
            kind = str(child.get("type") or "").strip()
            body = inner_text(child).strip()
            if not case.message:
                case.message = message or body.partition("\n")[0] or kind
            texts.extend((f"{tag}: {kind}" if kind else tag, message if message not in body else "", body))
        else:
            # flakyFailure, rerunError and the like: earlier runs of the same case; the last one counts.
            texts.append(f"{tag}: {str(child.get('message') or '').strip() or inner_text(child).strip()}")
    case.text = "\n".join(filter(None, texts))
    return case


def _status(element: Element) -> Status:
    tags = {local_name(child) for child in children(element)}
    if "failure" in tags:
        return Status.FAILED
    if "error" in tags:
        return Status.ERROR
    words = [str(element.get(key) or "").casefold() for key in ("status", "result")]
    if "skipped" in tags or any(word in _NOT_RUN for word in words):
        return Status.SKIPPED
    return next((_SAID_BAD[word] for word in words if word in _SAID_BAD), Status.PASSED)


def _properties(element: Element) -> list[tuple[str, str]]:
    found = []
    for child in children(element, "property"):
        name = str(child.get("name") or "")
        if not name:
            raise ConversionError("a property without a name", place=place(child))
        value = child.get("value")
        found.append((name, str(value) if value is not None else inner_text(child)))
    return found
