"""Converters without code: a TOML file says how a file becomes reports, see `schema` for what it may say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import ClassVar, Final

from stationmaster.api import ConversionError, ConverterOptions, Glimpse, Report, Resume, Source, xml
from stationmaster.api.json_text import MAX_BYTES, is_closed, parse_json
from stationmaster.converters.mapping import table, text, tree
from stationmaster.converters.mapping.build import Builder
from stationmaster.converters.mapping.companion import Second, beside, fits, mains
from stationmaster.converters.mapping.load import read_mapping
from stationmaster.converters.mapping.pick import Row, names_of
from stationmaster.converters.mapping.schema import Mapping, Value
from stationmaster.converters.mapping.text import decoded, tails

__all__ = ["Mapping", "MappingConverter", "mapping_at", "mapping_class"]

MAX_TEXT: Final = 64 * 1024 * 1024
"""Bytes of a text file that a mapping reads at once."""


class MappingConverter:
    """Reads what its mapping describes; `mapping_class` makes one of a mapping."""

    name: ClassVar[str]
    version: ClassVar[str]
    mapping: ClassVar[Mapping]
    takes_folders: ClassVar[bool] = False

    def detect(self, glimpse: Glimpse) -> int:
        """85 if all of `detect` fits; 60 by the root, the columns or a folder; 30 by the file's name."""
        wanted, companion = self.mapping.detect, self.mapping.companion
        if glimpse.is_folder:
            return 60 if companion is not None and fits(glimpse, companion) else 0
        if wanted.name and not fnmatchcase(glimpse.name.lower(), wanted.name.lower()):
            return 0
        head = decoded(glimpse.head, self.mapping.encoding, cut=True)
        if head is None:
            return 0
        if wanted.head:
            return 85 if all(re.search(one, head, re.MULTILINE) for one in wanted.head) else 0
        if self._looks_like_it(glimpse, head):
            return 60
        return 30 if wanted.name else 0

    def is_complete(self, glimpse: Glimpse) -> bool:
        """True if the end mark of the mapping, the root's end or the last brace stands at the end."""
        mapping = self.mapping
        if glimpse.is_folder:
            return True
        if mapping.kind == "xml":
            return xml.is_closed(glimpse)
        if mapping.kind == "json":
            return is_closed(glimpse)
        mark = mapping.table.end if mapping.kind == "table" else mapping.text.end
        if not mark:
            return True
        texts = tails(glimpse, mapping.encoding)
        return any(re.search(mark, line) for text in texts for line in text.splitlines())

    def convert(
        self, source: Source, options: ConverterOptions, resume: Resume | None
    ) -> Iterator[Report | Resume]:
        """Yield one report for each unit. `resume` is not used."""
        del resume
        mapping = self.mapping_for(options)
        companion = mapping.companion
        if companion is not None and source.is_folder:
            for main in mains(source, companion):
                second = beside(main, source, companion, mapping.encoding)
                yield from self._from_rows(main, Builder(mapping, main, options), second)
            return
        if companion is not None and not companion.optional:
            raise ConversionError(
                f"{source.name} comes alone, and this mapping reads a second file beside it",
                next_step="Let the watch folder take folders: give it a marker.",
            )
        builder = Builder(mapping, source, options)
        if mapping.kind in {"xml", "json"}:
            yield from self._from_tree(source, builder)
        else:
            yield from self._from_rows(source, builder)

    def _from_rows(self, source: Source, builder: Builder, second: Second | None = None) -> Iterator[Report]:
        """The units of a table or a text; `second` is the file beside it, in a folder."""
        units = self._units(source)
        if not units:
            raise ConversionError(
                f"{source.name} holds no unit",
                next_step="Check the mapping: where does a unit begin in this file?",
            )
        for unit in units:
            if second is not None:
                unit.keys |= {key: text for key, text in second.keys.items() if not unit.keys.get(key)}
            first = unit.rows[0] if unit.rows else Row({}, unit.place, {})
            above = Row(unit.keys, unit.place, first.cells, cut=first.cut - unit.keys.keys())
            self._told_once(unit, above)
            report = builder.report(above, ((None, row) for row in unit.rows), unit.keys)
            for told in unit.warnings:
                report.warn(told)
            if unit.record:
                # Also of one alone: others may follow when the file comes again.
                own = "\n".join(unit.record).encode("utf-8", "surrogatepass")
                report.record = builder.record(report, above, own, unit.outside)
            elif second is not None:
                report.record = source.read_bytes()
            if second is not None and report.record is not None:
                # The serial number may stand in the second one alone.
                report.record += second.content
            yield report

    def _told_once(self, unit: table.Unit, above: Row) -> None:
        """Several serial numbers or verdicts in one unit are those of several units, which must not be mixed.

        Raises:
            ConversionError: there are several.
        """
        for key in ("sn", "result"):
            given = self.mapping.header.get(key, "")
            for name in names_of(given):
                if name in unit.again:
                    place, first, last = unit.again[name]
                    raise ConversionError(
                        f"{name!r} comes again with {last[:40]!r}, after {first[:40]!r}",
                        place=f"{place}, header.{key}",
                        next_step="Where one unit ends and the next begins, table.units, table.record or "
                        "text.start of the mapping says; where several are meant, take one by another name.",
                    )
                if above.get(name) and not (isinstance(given, Value) and given.join is not None):
                    break

    def mapping_for(self, options: ConverterOptions) -> Mapping:
        """The mapping to use; a subclass may have options that change it."""
        del options
        return self.mapping

    def _units(self, source: Source) -> list[table.Unit]:
        if source.size > MAX_TEXT:
            raise ConversionError(f"{source.name} is larger than {MAX_TEXT} bytes, the bound for mappings")
        content = decoded(source.read_bytes(), self.mapping.encoding)
        if content is None:
            raise ConversionError(
                f"{source.name} is no text in {' or '.join(self.mapping.encoding)}",
                next_step='Name its encoding in the mapping: encoding = ["cp1250"], for example.',
            )
        if not content.strip():
            raise ConversionError(
                f"{source.name} is empty" if not content else f"{source.name} holds nothing but empty lines",
                next_step="The tester may have stopped before it wrote the file.",
            )
        if self.mapping.kind == "table":
            return table.read_units(content, self.mapping.table)
        return text.read_units(content, self.mapping.text)

    def _from_tree(self, source: Source, builder: Builder) -> Iterator[Report]:
        warnings: list[str] = []
        if self.mapping.kind == "xml":
            wanted = self.mapping.xml
            root = xml.open(source, warnings=warnings)
            units = tree.units_of(root, wanted, xml.place(root))
        else:
            if source.size > MAX_BYTES:
                raise ConversionError(f"{source.name} is larger than {MAX_BYTES} bytes")
            wanted = self.mapping.json
            units = tree.units_of(parse_json(source.read_bytes(), name=source.name), wanted, "")
        if not units:
            raise ConversionError(f"{source.name} has nothing at {wanted.unit!r}, the mapping's unit")
        for unit in units:
            self._one_unit(unit)
            report = builder.report(unit, tree.rows_of(unit, self.mapping.step), {})
            if wanted.unit:
                # Also of one alone: others may follow when the file comes again.
                report.record = builder.record(report, unit, tree.bytes_of(unit), {})
            for told in warnings:
                report.warn(told)
            yield report

    def _one_unit(self, unit: tree.Node) -> None:
        """Two serial numbers or verdicts in one unit are those of two units, which must not be mixed.

        Raises:
            ConversionError: there are several.
        """
        for key, what in (("sn", "serial numbers"), ("result", "results")):
            given = self.mapping.header.get(key, "")
            for name in names_of(given):
                found = tree.texts_at(unit, name)
                if len(found) > 1:
                    raise ConversionError(
                        f"{name} gives several {what}: {', '.join(map(_shown, list(found)[:3]))}",
                        place=f"{' and '.join(list(found.values())[:3])}, header.{key}",
                        next_step=f"Say what holds one unit: {self.mapping.kind}.unit in the mapping. Else "
                        f"give header.{key} a path that leads to one place.",
                    )
                if any(found) and not (isinstance(given, Value) and given.join is not None):
                    break

    def _looks_like_it(self, glimpse: Glimpse, head: str) -> bool:
        mapping = self.mapping
        if mapping.kind == "xml" and mapping.xml.root:
            tags = xml.first_tags(glimpse.head, 1)
            return bool(tags) and tags[0].name == mapping.xml.root
        if mapping.kind == "table" and isinstance(mapping.table.header, str):
            return any(re.search(mapping.table.header, line) for line in head.splitlines())
        if mapping.kind == "table" and mapping.table.record:
            first = {line.partition(mapping.table.delimiter)[0].strip() for line in head.splitlines()[:20]}
            return set(mapping.table.record) >= {word for word in first if word}
        return False


def _shown(text: str) -> str:
    return text[:40] or "nothing"


def mapping_class(mapping: Mapping, name: str) -> type[MappingConverter]:
    """A converter class for a mapping.

    Args:
        mapping: what it reads.
        name: of the file without its ending, for a mapping that has no name.
    """
    return type(
        "Mapped",
        (MappingConverter,),
        {
            "name": mapping.name or name,
            "version": mapping.version,
            "mapping": mapping,
            "options_type": ConverterOptions,
            "takes_folders": mapping.companion is not None,
            "__doc__": mapping.description or "Reads what its mapping describes.",
        },
    )


def mapping_at(path: Path) -> type[MappingConverter]:
    """The converter of a mapping file.

    Raises:
        ConversionError: it is no mapping; says which line or key.
        OSError: it cannot be read.
    """
    return mapping_class(read_mapping(path.read_text(encoding="utf-8"), path.name), path.stem)
