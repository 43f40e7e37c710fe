"""Which pictures there are, each with a sentence; and the page of the docs that shows them all."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures" / "tray"
PAGE = ROOT / "docs" / "pictures.md"
SCHEMES = ("light", "dark")


class Shot(NamedTuple):
    """One picture, in light and dark.

    Attributes:
        name: of its files, without scheme and ending.
        what: the window and its state; the text where pictures are not seen.
        says: one sentence.
    """

    name: str
    what: str
    says: str


CHAPTERS: dict[str, tuple[Shot, ...]] = {
    "Overview": (
        Shot(
            "overview",
            "Overview",
            "Two stations that work: what waits, what was delivered, the last uploads.",
        ),
        Shot(
            "overview-empty", "Overview without a station", "Nothing is set up yet, and a button leads there."
        ),
        Shot(
            "overview-working", "Overview at work", "Reports are on their way, and the server takes its time."
        ),
        Shot("overview-paused", "Overview paused", "One station holds its uploads for an hour."),
        Shot(
            "overview-errors",
            "Overview with errors",
            "A file could not be converted; the next step is named.",
        ),
        Shot("overview-needs-you", "Overview that needs you", "The server refuses the token of one station."),
        Shot(
            "overview-offline",
            "Overview offline",
            "No server is reached; everything waits and nothing is lost.",
        ),
        Shot(
            "overview-no-agent",
            "Overview without an agent",
            "What is shown was so once; a button starts the agent.",
        ),
        Shot(
            "overview-starting", "Overview while the agent starts", "It was started and does not answer yet."
        ),
        Shot("overview-version", "Overview with another version", "Agent and tray do not fit together."),
        Shot("overview-small", "Overview in the smallest window", "Nothing is cut off: it scrolls."),
    ),
    "Queue & Errors": (
        Shot("queue", "Queue without errors", "The list of errors is empty, and says what that means."),
        Shot("queue-empty", "Queue without a station", "Nothing can be listed yet."),
        Shot(
            "queue-delivered", "Delivered reports", "The newest first, with serial number, part and result."
        ),
        Shot(
            "queue-errors",
            "Queue with errors",
            "Files that could not be converted, with the reason in words.",
        ),
        Shot("queue-details", "An error in detail", "Reason, place of the file, attempts and history."),
        Shot("queue-dismiss", "The question before errors are dismissed", "Who dismisses is on record."),
        Shot("queue-no-match", "A search without a match", "The search can go on in all lists."),
        Shot(
            "queue-loading", "Queue while the agent is slow", "What is being read, and a button to stop it."
        ),
        Shot("queue-no-agent", "Queue without an agent", "The list comes with the agent."),
        Shot("queue-small", "Queue in the smallest window", "List and details share the room."),
        Shot("report", "A report", "Groups, steps, measurements with limits, and the chart of a waveform."),
        Shot("report-loading", "A report that is being read", "The agent has not answered yet."),
    ),
    "Find": (
        Shot("find", "Find", "Type or scan a serial number."),
        Shot("find-known", "A unit that is known", "Each station that knows it, with time and result."),
        Shot("find-unknown", "A unit that nobody knows", "What to try next."),
        Shot("find-loading", "Looking for a unit", "The agent has not answered yet."),
        Shot("find-no-agent", "Find without an agent", "The search needs the agent, and says so."),
        Shot("find-small", "Find in the smallest window", "There is room enough."),
    ),
    "Converters": (
        Shot(
            "converters",
            "What watches what",
            "Each folder with its converters and what becomes of its files.",
        ),
        Shot("converters-none", "Converters without a station", "No folder is watched yet."),
        Shot("converters-known", "The converters", "What each takes, and which station uses it."),
        Shot("converters-empty", "Test a file", "Before a file was chosen."),
        Shot("converters-passed", "A file on trial that passed", "The report as it would be sent."),
        Shot("converters-failed", "A file on trial, one step failed", "The measurements with their limits."),
        Shot("converters-waveform", "A waveform of a file on trial", "The chart of the chosen step."),
        Shot("converters-findings", "A file on trial that breaks rules", "Where, and what is wrong there."),
        Shot("converters-error", "A file that is refused", "No converter knows it; the next step is named."),
        Shot(
            "converters-loading", "A file on trial while the agent is slow", "The dry run can be cancelled."
        ),
        Shot(
            "converters-no-agent", "Converters without an agent", "What was known, and why there is no news."
        ),
        Shot("converters-small", "Converters in the smallest window", "The table scrolls."),
    ),
    "Mappings and replay": (
        Shot("mapping-empty", "Make a mapping", "Before a sample was chosen."),
        Shot("mapping-proposed", "A mapping that is proposed", "Beside it the report that it makes."),
        Shot("mapping-fault", "A mapping with a fault", "What is wrong, with line and column."),
        Shot("mapping-saved", "A mapping that was saved", "Where it lies, and what comes next."),
        Shot("mapping-tests", "The tests that a mapping carries", "Each sample, and what is wrong with it."),
        Shot("mapping-small", "A mapping in the smallest window", "Text and report share the room."),
        Shot("replay-empty", "Replay", "Before another version was chosen."),
        Shot("replay-done", "A replay with differences", "Which files differ, and in which values."),
        Shot("converters-canary", "A canary", "Another version beside the live one, with what it found."),
        Shot("replay-small", "Replay in the smallest window", "Everything can be reached."),
    ),
    "Settings": (
        Shot("settings", "Settings of a station", "A form in sections, with a search."),
        Shot(
            "settings-none",
            "Settings without a station",
            "The agent's own settings, and the way to a station.",
        ),
        Shot("settings-fault", "A setting that is wrong", "What is wrong stands beside it."),
        Shot("settings-conflict", "A setting that was changed elsewhere", "You say which value holds."),
        Shot("settings-folders", "A watch folder that is added", "What is missing is named."),
        Shot("settings-text", "Settings as text", "The file as it is."),
        Shot("settings-agent", "Settings of the agent", "The control channel, logs, diagnostics."),
        Shot("settings-token", "The question for a token", "It is kept by the agent and shown nowhere."),
        Shot("settings-removal", "The question before a station goes", "What goes, and what stays."),
        Shot("settings-loading", "Settings while the agent is slow", "They are being read."),
        Shot("settings-no-agent", "Settings without an agent", "They come with the agent."),
        Shot("settings-small", "Settings in the smallest window", "The form scrolls."),
    ),
    "Log": (
        Shot("log", "Log", "The end of the agent's log, followed while you look."),
        Shot("log-filter", "Log with a filter", "Warnings and worse only."),
        Shot("log-no-match", "Log without a match", "Nothing fits the search."),
        Shot("log-loading", "Log while the agent is slow", "It is being read."),
        Shot("log-no-agent", "Log without an agent", "It cannot be read, and why."),
        Shot("log-small", "Log in the smallest window", "Long lines are cut; the tool tip has them all."),
    ),
    "About": (
        Shot("about", "About", "Versions, places, and the zip for support."),
        Shot("about-saved", "Diagnostics that were saved", "Where the zip lies."),
        Shot("about-no-agent", "About without an agent", "The agent's version is not known."),
        Shot("about-small", "About in the smallest window", "Nothing is cut off."),
    ),
    "Set up a station": (
        Shot("wizard-1-server", "The server", "Its address, or the built-in one."),
        Shot("wizard-2-token", "The token", "It goes into the keyring, or into a file."),
        Shot(
            "wizard-3-connection-failed",
            "A connection test that fails",
            "The hop that fails, and what to do.",
        ),
        Shot("wizard-4-connection", "A connection test that passes", "Hop by hop."),
        Shot("wizard-5-name", "The name", "As the server knows the station."),
        Shot("wizard-6-folder", "The folder", "It can be made; the converter has its options."),
        Shot("wizard-7-trial-empty", "The dry run", "Before a file was chosen."),
        Shot("wizard-7-trial-refused", "A dry run of a file that is refused", "Why, and what to do."),
        Shot("wizard-7-trial", "A dry run", "What becomes of the file."),
        Shot("wizard-8-summary", "The summary", "Nothing was made before this."),
        Shot("wizard-9-done", "The end", "The station is there."),
    ),
    "Icon, menu and notifications": (
        Shot("menu", "The menu", "The first line says how things are."),
        Shot("menu-pause", "The menu below Pause", "How long uploads are held."),
        Shot("menu-no-agent", "The menu without an agent", "What can be done then."),
        Shot("icons", "The icons", "Each state at 16 to 256 pixels, for a light and for a dark panel."),
        Shot("icons-mono", "The icons in one colour", "For panels that colour icons themselves."),
        Shot("notices", "Notifications", "Their texts; the desktop draws them in its own way."),
    ),
}
SHOTS = tuple(shot for shots in CHAPTERS.values() for shot in shots)


_ABOUT = """\
Every window of [the tray app](tray.md) in every state, in light and in dark. `make screenshots` takes them
from a real agent, and writes this page.
"""


def page() -> str:
    """The page, in Markdown."""
    parts = ["# Pictures\n", _ABOUT]
    for title, shots in CHAPTERS.items():
        parts.append(f"## {title}\n")
        parts += [_shown(shot) for shot in shots]
    return "\n".join(parts)


def _shown(shot: Shot) -> str:
    cells = [f"![{shot.what}, in {scheme}](pictures/tray/{shot.name}-{scheme}.png)" for scheme in SCHEMES]
    return f"**{shot.what}.** {shot.says}\n\n| light | dark |\n|---|---|\n| {' | '.join(cells)} |\n"
