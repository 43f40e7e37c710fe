"""Settings: all of a station's, or the agent's own, checked as they are typed; Save sends what changed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from PySide6.QtCore import QTimer

from stationmaster.control.protocol import CHANGED, InstanceConfigView
from stationmaster.control.trial_protocol import Fault, SettingsSchema
from stationmaster.errors import ControlError, StationmasterError
from stationmaster_tray.desk import Desk
from stationmaster_tray.seen import Seen
from stationmaster_tray.settings.entered import Entered, entered_of, in_order, merge, patch_of
from stationmaster_tray.settings.form import SettingsForm
from stationmaster_tray.settings.frame import SettingsFrame
from stationmaster_tray.settings.question import TokenDialog, ask_removal
from stationmaster_tray.settings.verdict import verdict
from stationmaster_tray.text import tr
from stationmaster_tray.widgets.label import set_role

AGENT = ""
"""Name of the settings of the agent itself."""
_CHECK_AFTER = 300
"""Milliseconds after the last key until the agent is asked what it thinks of it."""
_TRIES = 5
"""How often a patch is made anew for settings that change while it is sent."""
_LOOK_EVERY = 5.0
"""Seconds between two looks whether the settings were changed elsewhere."""


class SettingsPage(SettingsFrame):
    """The page. Its argument is the name of a station."""

    def __init__(self, desk: Desk) -> None:
        """Nothing is asked for before it is seen."""
        super().__init__(desk)
        self.form: SettingsForm | None = None
        self._shown: SettingsForm | None = None
        self._building: asyncio.Task[None] | None = None
        self._searching: asyncio.Task[None] | None = None
        self.faults: tuple[Fault, ...] = ()
        self.conflicts: dict[str, Any] = {}
        self._name: str | None = None
        self._base = Entered()
        self._looking: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_CHECK_AFTER)
        self._timer.timeout.connect(self._check)
        self._connect()
        self._draw()

    # ---------------------------------------------------------------- what others tell
    def show_seen(self, seen: Seen) -> None:
        """Other stations, or another one's name."""
        if seen.status is None:
            return
        names = [AGENT, *(one.name for one in seen.status.instances)]
        if names != [self.which.itemData(row) for row in range(self.which.count())]:
            self.which.blockSignals(True)
            self.which.clear()
            for name in (*names[1:], AGENT):
                self.which.addItem(name or tr("The agent itself"), name)
            self.which.blockSignals(False)
            self._select()
            if self._name is not None and self._name not in names:
                self._show_another(self._name)

    def entered(self, argument: object = None) -> None:
        """Show the station that is named, or the one of last time."""
        wanted = argument if isinstance(argument, str) else self._name
        if wanted is None or self.which.findData(wanted) < 0:
            wanted = str(self.which.itemData(0) or AGENT)
        if wanted != self._name and self.patch:
            self._say_unsaved()
        elif wanted != self._name or (self._shown is None and not self.bar.busy):
            self.load(wanted)
        else:
            self._timer.start()
        if self._looking is None:
            self._looking = self.desk.tasks.start(self._look(), trouble=lambda _error: None)

    def left(self) -> None:
        """What was entered stays. An answer that is on its way is taken, and its form made on the return."""
        self._timer.stop()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def unsaved(self) -> str:
        """Whose settings were changed."""
        if not self.patch:
            return ""
        return tr("the settings of {name}", name=self._name) if self._name else tr("the agent's settings")

    # ---------------------------------------------------------------- the settings
    def load(self, name: str) -> None:
        """Show a station's settings, or the agent's."""
        self._name = name
        self._drop_form()
        self._select()
        self._draw()

        async def work() -> tuple[SettingsSchema, InstanceConfigView]:
            schema = await self.desk.client.settings_schema("instance" if name else "agent")
            return in_order(schema), await self._config(name)

        self.bar.run(work, self._loaded, what=tr("Asking for the settings..."))

    @property
    def patch(self) -> dict[str, Any]:
        """What was changed here and is not saved."""
        if self.form is None:
            return {}
        return patch_of(self.form.schema, self._base, self.form.entered())

    def save_changes(self) -> None:
        """Send what changed, unless it was changed elsewhere meanwhile: then ask."""
        form, name = self.form, self._name
        if form is None or name is None:
            return

        async def work() -> InstanceConfigView:
            form.setEnabled(False)
            try:
                return await self._sent(name)
            finally:
                form.setEnabled(True)

        self.bar.run(work, self._saved, what=tr("Saving..."))

    async def _sent(self, name: str) -> InstanceConfigView:
        """Send the patch for the settings as they are; who changes them in the same moment is seen too."""
        for left in reversed(range(_TRIES)):
            now = await self._config(name)
            self._take_over(now)
            if self.conflicts or not self.patch:
                return now
            try:
                await self._configure(name, self.patch, now.revision)
                break
            except ControlError as error:
                if error.code != CHANGED or not left:
                    raise
        return await self._config(name)

    def revert_changes(self) -> None:
        """Forget what was entered."""
        self.conflicts = {}
        self.bar.cancel()
        if self.form is not None:
            self.form.show_entered(self._base)
            self.form.show_conflicts({})
            self._changed()

    # ---------------------------------------------------------------- inside: loading
    def _connect(self) -> None:
        self.which.activated.connect(self._chosen)
        self.search.textChanged.connect(self._search)
        for button, clicked in (
            (self.token, self._ask_token),
            (self.as_text, self._draw),
            (self.add, lambda: self.desk.wanted.emit("add-station", "", "")),
            (self.remove, self._ask_removal),
            (self.save, self.save_changes),
            (self.revert, self.revert_changes),
            (self.show_wrong, self._show_wrong),
        ):
            button.clicked.connect(lambda _checked=False, clicked=clicked: clicked())

    def _config(self, name: str) -> Coroutine[Any, Any, InstanceConfigView]:
        return self.desk.client.config(name) if name else self.desk.client.agent_config()

    def _configure(self, name: str, patch: Mapping[str, Any], base: str) -> Coroutine[Any, Any, None]:
        client = self.desk.client
        return client.configure(name, patch, base=base) if name else client.configure_agent(patch, base=base)

    def _loaded(self, answer: tuple[SettingsSchema, InstanceConfigView]) -> None:
        schema, view = answer
        self._base = entered_of(schema, view.values)
        self._show_text(view)
        form = SettingsForm(schema)
        self._building = self.desk.tasks.start(self._build(form), trouble=self.bar.show_error)

    async def _build(self, form: SettingsForm) -> None:
        # It is seen from the beginning: to show it all at once would hold the window up.
        self._shown = form
        self.stack.addWidget(form)
        self._draw()
        await form.build(self._base)
        form.changed.connect(self._changed)
        form.settled.connect(self._settled)
        self.form = form
        self._search(self.search.text())
        self._draw()

    def _drop_form(self) -> None:
        form, self._shown, self.form = self._shown, None, None
        self.faults, self.conflicts = (), {}
        self.text.clear()
        if self._building is not None:
            self._building.cancel()
        if form is not None:
            self.stack.removeWidget(form)
            form.deleteLater()

    def _select(self) -> None:
        if self._name is not None:
            self.which.setCurrentIndex(self.which.findData(self._name))

    def _show_another(self, gone: str) -> None:
        """The station that is shown is no more."""
        left = [str(self.which.itemData(row)) for row in range(self.which.count())]
        self.load(next((name for name in left if name != gone), AGENT))

    def _chosen(self, _row: int) -> None:
        wanted = str(self.which.currentData())
        if wanted == self._name:
            return
        if self.patch:
            self._select()
            self._say_unsaved()
        else:
            self.load(wanted)

    def _say_unsaved(self) -> None:
        self.state.setText(tr("Save or revert these changes first."))
        set_role(self.state, "calm")

    # ---------------------------------------------------------------- inside: changes
    def _changed(self) -> None:
        self._timer.start()
        self._draw()

    def _check(self) -> None:
        if self._checking is not None:
            self._checking.cancel()
        self._checking = self.desk.tasks.start(self._ask_faults(), trouble=self.bar.show_error)

    async def _ask_faults(self) -> None:
        name, patch, form = self._name, self.patch, self.form
        faults: tuple[Fault, ...] = ()
        if patch and name is not None:
            client = self.desk.client
            faults = await (client.check_config(name, patch) if name else client.check_agent_config(patch))
        if form is not None and form is self.form and patch == self.patch:
            self.faults = faults
            nowhere = form.show_faults(faults, self._base)
            self._draw(" ".join(nowhere))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            name = self._name
            if name is None or self.form is None or self.bar.busy or self.desk.seen.status is None:
                continue
            try:
                view = await self._config(name)
            except StationmasterError:
                continue  # who saves or comes back is told
            if name == self._name and not self.bar.busy:
                self._take_over(view)

    def _take_over(self, view: InstanceConfigView) -> None:
        """Draw what was changed elsewhere, and ask where it meets something that was entered here."""
        if self.form is None:
            return
        fresh = entered_of(self.form.schema, view.values)
        if fresh == self._base:
            return
        merged = merge(self._base, fresh, self.form.entered())
        self.conflicts |= merged.conflicts
        self._base = fresh
        self.form.show_entered(merged.now)
        self.form.show_conflicts(self.conflicts)
        self._show_text(view)
        self._changed()

    def _settled(self, key: str, mine: bool) -> None:  # noqa: FBT001 - a slot
        """A person decided about a change elsewhere."""
        theirs = self.conflicts.pop(key, None)
        if self.form is not None:
            if not mine:
                self.form.take(key, theirs)
            self.form.show_conflicts(self.conflicts)
        self._changed()

    def _saved(self, view: InstanceConfigView) -> None:
        if self.form is not None and not self.conflicts:
            self._base = entered_of(self.form.schema, view.values)
            self.form.show_entered(self._base)
            self._show_text(view)
        self._changed()

    # ---------------------------------------------------------------- inside: drawing
    def _show_text(self, view: InstanceConfigView) -> None:
        self.text.setPlainText(view.toml or tr("# There is no file: all settings are at their defaults."))

    def _show_wrong(self) -> None:
        self.as_text.setChecked(False)
        self._draw()
        form = self.form
        if form is None:
            return

        async def show() -> None:
            await form.search("")
            form.show_what_is_wrong()

        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self.desk.tasks.start(show())

    def _search(self, text: str) -> None:
        if self._searching is not None:
            self._searching.cancel()
        if self.form is not None:
            self._searching = self.desk.tasks.start(self.form.search(text))

    def _draw(self, nowhere: str = "") -> None:
        form, patch = self.form, self.patch
        trouble = form.trouble if form is not None else ""
        self.save.setEnabled(bool(patch) and not (self.faults or self.conflicts or trouble))
        self.revert.setEnabled(bool(patch) or bool(self.conflicts))
        one = bool(self._name)
        self.token.setEnabled(one)
        self.remove.setEnabled(one)
        if self.as_text.isChecked():
            self.stack.setCurrentWidget(self.text)
        else:
            self.stack.setCurrentWidget(self._shown or self.empty)
        self.search.setEnabled(not self.as_text.isChecked())
        self.show_wrong.setVisible(bool(self.faults or self.conflicts or trouble) and not nowhere)
        text, role = verdict(
            changes=len(patch),
            faults=max(len(self.faults), int(bool(trouble))),
            conflict=bool(self.conflicts),
            nowhere=nowhere,
            restarts=form is not None and form.restarts(patch),
        )
        self.state.setText(text)
        set_role(self.state, role)

    # ---------------------------------------------------------------- inside: token, removal
    def _ask_token(self) -> None:
        if self._name:
            dialog = TokenDialog(self._name, self)
            dialog.given.connect(self._set_token)
            dialog.open()

    def _set_token(self, token: str) -> None:
        name = self._name or ""

        def done(_none: None) -> None:
            self.state.setText(tr("✓ The agent has the new token of {name}.", name=name))
            set_role(self.state, "good")

        self.bar.run(lambda: self.desk.client.set_token(name, token), done, what=tr("Storing the token..."))

    def _ask_removal(self) -> None:
        if self._name:
            name = self._name
            ask_removal(name, self, lambda: self._remove(name))

    def _remove(self, name: str) -> None:
        def done(note: str) -> None:
            if self._name == name:
                self._show_another(name)
            self.state.setText(tr("{name} is removed. {note}", name=name, note=note).strip())

        self.bar.run(lambda: self.desk.client.remove_instance(name), done, what=tr("Removing..."))
