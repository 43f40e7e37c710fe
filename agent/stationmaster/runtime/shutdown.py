"""How long each part of an ordered stop may take; together no more than the shutdown budget."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """Seconds each stage of a stop may take, in the order in which they come.

    The control server ends while the instances do, all instances at one time. All share one budget, which
    changes with the settings: who stops reads it then, not before.

    Attributes:
        control: the control server ends its streams.
        claims: watchers stop handing out files.
        conversions: running conversions finish; then their workers are killed, the files stay put.
        uploads: uploads in flight finish; then they are cancelled, their reports stay queued.
        spool: the last commits.
    """

    control: float = 2.0
    claims: float = 2.0
    conversions: float = 10.0
    uploads: float = 11.0
    spool: float = 5.0

    @property
    def total(self) -> float:
        """All stages."""
        return self.control + self.claims + self.conversions + self.uploads + self.spool

    @property
    def instance(self) -> float:
        """What one instance may take; then it is cancelled."""
        return self.total - self.control

    def resize(self, total: float) -> None:
        """The same shares of another total."""
        part = total / self.total
        self.control *= part
        self.claims *= part
        self.conversions *= part
        self.uploads *= part
        self.spool *= part
