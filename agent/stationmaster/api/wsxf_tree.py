"""Steps of WSXF and of WRML as one tree, whichever way the file lays them out."""

from __future__ import annotations

from dataclasses import dataclass, field

from stationmaster.api.step_rule import MAX_LEVELS
from stationmaster.api.wsxf_part import Part
from stationmaster.api.xml import Element, children, local_name


@dataclass(slots=True)
class Node:
    """A step with what belongs to it.

    Attributes:
        parts: what was measured, and what else is told of it, in file order.
        steps: the steps below it.
    """

    part: Part
    parts: list[Part] = field(default_factory=list)
    steps: list[Node] = field(default_factory=list)


def nested(report: Element) -> list[Node]:
    """The top steps of a WSXF report. XML of ours is not deep: it may call itself."""
    return [_nested(child) for child in children(report, "Step")]


def _nested(element: Element) -> Node:
    node = Node(Part(element))
    for child in children(element):
        if local_name(child) == "Step":
            node.steps.append(_nested(child))
        else:
            node.parts.append(Part(child))
    return node


def flat(report: Element) -> list[Node]:
    """The top steps of a WRML report.

    Raises:
        ConversionError: a step id that stands twice or nowhere, or steps that are each other's parents.
    """
    nodes: dict[str, Node] = {}
    for child in children(report, "Step"):
        node = Node(Part(child), parts=[Part(one) for one in children(child)])
        number = node.part.text("StepID", "Id")
        if not number:
            raise node.part.error("a step without StepID")
        if number in nodes:
            raise node.part.error(f"StepID {number[:20]} stands twice")
        nodes[number] = node
    for child in children(report):
        part = Part(child)
        number = part.text("StepID")
        if part.tag in {"step", "failures"} or not number:
            continue
        if number not in nodes:
            raise part.error(f"there is no step {number[:20]}")
        nodes[number].parts.append(part)
    return _grown(nodes)


def _grown(nodes: dict[str, Node]) -> list[Node]:
    tops: list[Node] = []
    for node in nodes.values():
        above = node.part.text("ParentStepID")
        if not above or (above == "0" and "0" not in nodes):
            tops.append(node)
        elif above not in nodes:
            raise node.part.error(f"there is no step {above[:20]} to be its parent")
        else:
            nodes[above].steps.append(node)
    tops.sort(key=lambda top: top.part.integer("StepIndex") or 0)
    level, found = tops, len(tops)
    for _ in range(MAX_LEVELS):
        for node in level:
            node.steps.sort(key=lambda child: child.part.integer("StepIndex") or 0)
        level = [child for node in level for child in node.steps]
        found += len(level)
    if level:
        raise level[0].part.error(f"steps nest more than {MAX_LEVELS} deep")
    if found < len(nodes):
        raise next(iter(nodes.values())).part.error("steps are each other's parents")
    return tops
