"""What a mapping file says: its keys, their types and defaults.

A mapping is the whole of a converter without code: how the file is cut into rows, which of its texts are the
header of the report, and which rows become steps of which kind.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

Kind = Literal["table", "text", "xml", "json"]
StepKind = Literal["auto", "numeric", "passfail", "string", "action", "curve", "axis"]

HEADER_KEYS: Final = (
    *("sn", "pn", "rev", "process", "program", "result", "start", "end", "seconds", "user", "station"),
    *("location", "purpose", "batch", "fixture", "comment", "version"),
)
"""What `[header]` may name. `seconds` is the time the test took, `program` and `version` the test's own."""

BESIDE: Final = ("low_row", "high_row", "unit_row")
"""Keys of a table for lines that tell of its columns."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the mapping: unknown keys are refused."""


class Value(_Part, rename={"from_": "from"}, frozen=True, kw_only=True):
    """Where a value comes from, and what is done to it. A plain text in its place is its `from`.

    Attributes:
        from_: name of a column, key, group or path; of several the first that is not empty.
        join: join all of `from` with this text instead.
        value: this text, whatever the file says.
        file: regular expression for the file's name; its first group is the value.
        folder: the same for the name of its folder.
        pattern: regular expression for the text found; its first group is the value.
        replace: pairs of regular expression and replacement.
        lookup: text -> other text; what is not in it stays.
        default: where nothing is found.
        optional: no file need have such a column or key.
        format: of a time: `%Y-%m-%d %H:%M` and the like, or `iso`, `epoch`, `epoch_ms`; several are tried.
        zone: of a time without one: an IANA name, or `UTC`; else the station's.
    """

    from_: str | list[str] = []
    join: str | None = None
    value: str | int | float | None = None
    file: str = ""
    folder: str = ""
    pattern: str = ""
    replace: list[tuple[str, str]] = []
    lookup: dict[str, str | int] = {}
    default: str = ""
    optional: bool = False
    format: str | list[str] = "iso"
    zone: str = ""


Given = str | int | Value


class Detect(_Part, frozen=True, kw_only=True):
    """Which files are this mapping's.

    Attributes:
        name: pattern of the file's name, such as `*.csv`; "" for any.
        head: regular expressions, all of which match somewhere in the first 64 KiB.
    """

    name: str = ""
    head: list[str] = []


class Record(_Part, frozen=True, kw_only=True):
    """Lines that begin with a word of their own, each kind with its own columns.

    Attributes:
        columns: names of the cells after the word; "" for one that is not needed.
        role: `start` begins a unit, `end` ends it, `head` only tells something, `row` is a step.
    """

    columns: list[str] = []
    role: Literal["start", "end", "head", "row"] = "row"


class Table(_Part, frozen=True, kw_only=True):
    r"""Lines of cells.

    Attributes:
        delimiter: between cells, such as `;` or a tab (`"\t"`).
        widths: of the columns in characters instead, for fixed width; the last one takes the rest.
        quote: character around cells, "" for none.
        header: number of the line with the column names, or a regular expression that finds each of them;
            0: there is none, `columns` has the names.
        columns: names of the columns, where no line has them.
        keys: regular expression with groups `key` and `value` for lines that tell something of the unit;
            without it, these are the lines before the header: a key, its value, perhaps more such pairs.
        sections: a line of one cell is the title of a section, and the next line its column names.
        head_sections: titles of sections whose first row tells of the unit.
        units: columns that are the same in all rows of a unit; without, the file is one unit.
        record: first cell -> what the line is. With it, `header` and `columns` are not used.
        extra: what becomes of cells beyond the columns: `refuse` the file, `ignore` them, take the `last`
            one as that of the last column, or `keep` them: the number of the column is its name.
        short: what becomes of a line with fewer cells than columns: `fill` it with empty ones, or `refuse`
            the file, which may be half written. One that ends before the value or the verdict of a step, the
            result of the unit or a column of a `wide` step is refused in any case, unless that is `optional`.
        low_row: regular expression for the line with lower limits of the columns, for steps that are `wide`.
        high_row: the same for upper limits.
        unit_row: the same for units.
        skip: regular expression for lines to leave out.
        end: regular expression for the last line; what follows is not read, and without it the file is not
            complete.
    """

    delimiter: str = ","
    widths: list[int] = []
    quote: str = '"'
    header: int | str = 1
    columns: list[str] = []
    keys: str = ""
    sections: bool = False
    head_sections: list[str] = []
    units: list[str] = []
    record: dict[str, Record] = {}
    extra: Literal["refuse", "ignore", "last", "keep"] = "refuse"
    short: Literal["fill", "refuse"] = "fill"
    low_row: str = ""
    high_row: str = ""
    unit_row: str = ""
    skip: str = ""
    end: str = ""


class Text(_Part, frozen=True, kw_only=True):
    """Lines of text, read by patterns.

    Attributes:
        keys: regular expressions; each named group of a line that matches tells something of the unit.
        rows: regular expressions; a line that matches is a row, its named groups are the cells.
        section: regular expression; its first group is the section of the rows that follow.
        start: regular expression for the first line of a unit; without, the file is one.
        end: regular expression for the last line of the file; without it, the file is not complete.
    """

    keys: list[str] = []
    rows: list[str] = []
    section: str = ""
    start: str = ""
    end: str = ""


class Tree(_Part, frozen=True, kw_only=True):
    """Elements of XML or members of JSON.

    Attributes:
        unit: path of what holds one unit: XPath for XML, dotted names with `[*]` for JSON.
        root: of XML: local name of the root, for detection; "" for any.
        namespaces: of XML: prefix in the paths -> namespace.
    """

    unit: str = ""
    root: str = ""
    namespaces: dict[str, str] = {}


class LimitText(_Part, rename={"from_": "from"}, frozen=True, kw_only=True):
    """Both limits in one text, such as `33.0/32.0` or `(17 - 18)`.

    Attributes:
        from_: where it stands.
        pattern: regular expression with groups `low` and `high`; without it the usual forms are known:
            `a - b`, `a..b`, `a/b` in either order, `< b`, `>= a`, `+-d` (around 0), `c +- d`.
    """

    from_: str
    pattern: str = ""


class Wide(_Part, frozen=True, kw_only=True):
    """One row with many measurements: each column of numbers, or of vectors such as `[1 2 3]`, is one.

    Attributes:
        keys: columns that say which row it is; they name it.
        verdict: regular expression for the columns with a verdict; it is that of the numbers before it that
            its name is about, and the last one is that of the row. Its name may have limits in brackets.
        limit: regular expression for the columns with limits in one text, of the number before it.
        skip: regular expression for columns to leave out.
        optional: a row may end before its last columns; without, such a line refuses the file.
    """

    keys: list[str] = []
    verdict: str = ""
    limit: str = ""
    skip: str = ""
    optional: bool = False


class StepRule(_Part, frozen=True, kw_only=True):
    """Which rows become steps, and how. The first rule that fits takes a row.

    Attributes:
        when: column -> regular expression that the whole cell matches; all of them. Empty cells match "".
        each: of XML and JSON: path of the rows, below the unit.
        kind: of step; `auto` decides by limits, value and verdict. An `axis` is none: it says where the
            points of the curves in the rows after it stand.
        name: of the step.
        measurement: its name among several in one step; rows that follow each other under the same name are
            one step then.
        group: names of the sequences it stands in, outermost first, or one; an empty one is left out.
        split: text that separates the parts of a path in a group's or the step's name.
        value: what was measured; of a curve, the height of the point.
        x: of a curve, where the point stands; rows that follow each other under the same name are one curve.
            Both may be several numbers in one text, with blanks or `;` between them.
        points: of a curve, regular expression for the columns that hold its points: with `x` each column is
            a curve, and a row a point of it; without, the row is the curve, and the `axis` says where.
        x_unit: of a curve, the unit of `x`; `unit` is that of the heights.
        low: lower limit.
        high: upper limit.
        limit: of a text: what it must be.
        limits: both limits in one text.
        comp: comparison, as WSJF names it, or as `operators` says.
        operators: text in the file -> comparison.
        zero_is_none: limits that are both 0 are none.
        unit: of the value.
        status: verdict of the row.
        text: report text.
        seconds: time the step took.
        wide: one row, many measurements.
        skip: leave such rows out.
    """

    when: dict[str, str] = {}
    each: str = ""
    kind: StepKind = "auto"
    name: Given = ""
    measurement: Given = ""
    group: list[Given] | Given = []
    split: str = ""
    value: Given = ""
    x: Given = ""
    points: str = ""
    x_unit: Given = ""
    low: Given = ""
    high: Given = ""
    limit: Given = ""
    limits: LimitText | None = None
    comp: Given = ""
    operators: dict[str, str] = {}
    zero_is_none: bool = False
    unit: Given = ""
    status: Given = ""
    text: Given = ""
    seconds: Given = ""
    wide: Wide | None = None
    skip: bool = False


class SubUnit(_Part, frozen=True, kw_only=True):
    """A unit in the unit."""

    type: str
    sn: Given
    pn: Given = ""
    rev: Given = ""


class Companion(_Part, frozen=True, kw_only=True):
    """A second file beside the one with the results; both lie in a folder that is one source.

    Attributes:
        main: regular expression for the whole name of the files with results.
        name: of the file beside it; `{stem}` is the first one's name without its ending, and other words in
            braces are groups of `main`.
        keys: regular expressions for its lines; each named group tells something of the unit.
        optional: it need not be there.
    """

    main: str
    name: str
    keys: list[str]
    optional: bool = False


class Example(_Part, frozen=True, kw_only=True):
    """A sample beside the mapping, and what must become of it: `converter test MAPPING` asks for it.

    Attributes:
        sample: the file's name.
        reports: how many it makes.
        header: field -> text, of the first report: `sn`, `pn`, `result` and the like.
        steps: of all reports, without the root.
        measurements: of all reports.
        options: of the converter, for this sample.
    """

    sample: str
    reports: int = 1
    header: dict[str, str | int] = {}
    steps: int | None = None
    measurements: int | None = None
    options: dict[str, Any] = {}


class Mapping(_Part, frozen=True, kw_only=True):
    """The whole file.

    Attributes:
        name: of the converter; without, the file's name.
        version: changes when you change what it makes.
        description: what it reads, in a sentence.
        kind: how the file is cut: `table`, `text`, `xml` or `json`.
        encoding: that are tried in turn.
        decimal: mark of numbers: `.`, `,`, or `auto` for either.
        thousands: what separates the thousands of numbers, "" for nothing; then `decimal` must be known.
        missing: texts that stand for no value.
        words: verdict of the file -> `P`, `F`, `S`, `D`, `E` or `T`, beside the usual words.
        detect: which files are its own.
        header: field of the report -> where it comes from.
        verdict: where the file has no verdict of the whole: `steps` says that it is that of the steps.
        misc: name of a misc info -> where it comes from.
        misc_rest: what the lines of keys tell and nothing else uses becomes misc infos.
        companion: a second file that tells of the unit; of tables and texts.
        attach: the file itself goes along.
        rows: what all rules for rows have in common.
        step: the rules for rows.
        sub_unit: units in the unit.
        test: samples, and what must become of them.
    """

    kind: Kind
    name: str = ""
    version: str = "1"
    description: str = ""
    encoding: tuple[str, ...] = ("utf-8-sig", "cp1252")
    decimal: Literal[".", ",", "auto"] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    missing: list[str] = []
    words: dict[str, Literal["P", "F", "S", "D", "E", "T"]] = {}
    detect: Detect = Detect()
    table: Table = Table()
    text: Text = Text()
    xml: Tree = Tree()
    json: Tree = Tree()
    header: dict[str, Given] = {}
    verdict: Literal["", "steps"] = ""
    misc: dict[str, Given] = {}
    misc_rest: bool = False
    companion: Companion | None = None
    attach: bool = False
    rows: StepRule = StepRule()
    step: list[StepRule] = []
    sub_unit: list[SubUnit] = []
    test: list[Example] = []
