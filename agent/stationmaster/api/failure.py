"""What a repair report says of one failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Failure:
    """One repaired failure of a UUR report."""

    category: str
    code: str
    comment: str | None = None
    component: str | None = None
    """Component reference, "U1"."""
    function_block: str | None = None
    step_id: int | None = None
    """Id of the failed step in the referenced UUT report."""
    step_name: str | None = None
    article_number: str | None = None
    article_revision: str | None = None
    article_vendor: str | None = None
    article_description: str | None = None

    def wire(self) -> dict[str, Any]:
        """WSJF form, without what is not known."""
        fields = {
            "category": self.category,
            "code": self.code,
            "comment": self.comment,
            "comRef": self.component,
            "funcBlock": self.function_block,
            "refStepId": self.step_id,
            "refStepName": self.step_name,
            "artNumber": self.article_number,
            "artRev": self.article_revision,
            "artVendor": self.article_vendor,
            "artDescription": self.article_description,
        }
        return {key: value for key, value in fields.items() if value is not None}
