"""The power goes: what a call promised is on the disk, and what was half done is the old or the new.

The disks are real file systems that are shut down without a flush (`fakes.loop_disk`). First each durable
call by itself, with the power cut the moment it returns, so that no later flush hides one that is missing;
then a whole station at work, cut at random moments.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
