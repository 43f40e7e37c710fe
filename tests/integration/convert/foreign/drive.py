"""Runs in a process of its own: the peer's packages last on the path, then the converter on each file.

Arguments: the peer's site-packages, the folder of converters, the options as JSON, the files. Answers JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    """Describe, detect, convert."""
    site, folder, options, *files = sys.argv[1:]
    sys.path.append(site)

    from stationmaster.api import Glimpse, SourceBusyError  # noqa: PLC0415 - after the path is set
    from stationmaster.api.converter import Detects  # noqa: PLC0415 - as above
    from stationmaster.api.testing import convert_file  # noqa: PLC0415 - as above
    from stationmaster.convert.plugin import Plugins, candidates, describe  # noqa: PLC0415 - as above
    from stationmaster.errors import ConversionError  # noqa: PLC0415 - as above

    [found] = [one for one in candidates(Path(folder)) if one.origin == "file"]
    [info] = describe(found)
    converter = Plugins().make(info.target)
    answers = []
    for name in files:
        path = Path(name)
        sure = converter.detect(Glimpse.at(path)) if isinstance(converter, Detects) else None
        answer: dict[str, object] = {"sure": sure}
        try:
            answer["reports"] = [
                one.data for one in convert_file(converter, path, options=json.loads(options))
            ]
        except (ConversionError, SourceBusyError) as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        answers.append(answer)
    about = {"name": info.name, "version": info.version, "summary": info.summary}
    sys.stdout.write(json.dumps({"info": about, "answers": answers}, default=str))


if __name__ == "__main__":
    main()
