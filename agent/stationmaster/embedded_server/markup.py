"""A small builder of HTML in which nothing can be forgotten to be escaped.

Plain text is always escaped; only `element` and `join` make `Markup`, and only `Markup` goes in as it is.
"""

from __future__ import annotations

import html
import re


class Markup(str):
    """HTML that is safe as it stands. Make it with `element`, `join` or from our own constants only."""

    __slots__ = ()


Content = str | Markup | None
Attribute = str | int | bool | None

_VOID = frozenset({"br", "input", "link", "meta", "path", "line", "polyline", "circle", "rect"})
# what neither HTML nor UTF-8 can hold: control characters, lone surrogates, non-characters
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def escape(text: str) -> Markup:
    """Plain text as HTML; what HTML cannot hold shows as a replacement character."""
    return Markup(html.escape(_ILLEGAL.sub("\ufffd", text)))


def join(*parts: Content) -> Markup:
    """Parts one after the other; None is nothing."""
    return Markup("".join(_content(part) for part in parts))


def element(tag: str, *children: Content, **attributes: Attribute) -> Markup:
    """An element. `class_` is class, `data_label` is data-label; True is a bare attribute, None is none."""
    given = "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Markup(f"<{tag}{given}/>")
    return Markup(f"<{tag}{given}>{join(*children)}</{tag}>")


def _content(part: Content) -> str:
    if part is None:
        return ""
    return part if isinstance(part, Markup) else escape(part)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    wire = name.rstrip("_").replace("_", "-")
    return f" {wire}" if value is True else f' {wire}="{escape(str(value))}"'
