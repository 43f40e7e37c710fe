"""How long to wait before the next try: exponential with full jitter, pure.

Full jitter (a uniform draw between zero and the exponential bound) spreads the retries of many stations
evenly: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

import random


def full_jitter(attempt: int, *, base: float, cap: float, rng: random.Random) -> float:
    """Seconds to wait after failure `attempt`, counted from 0: uniform in [0, min(cap, base * 2^attempt)]."""
    # 2^30 s is 34 years: beyond any cap, and the power must not grow with an attempt count of thousands.
    return rng.uniform(0.0, min(cap, base * 2.0 ** min(attempt, 30)))


def half_jitter(attempt: int, *, base: float, cap: float, rng: random.Random) -> float:
    """As `full_jitter`, but at least half the bound: for probes, which must neither rush nor dawdle."""
    bound = min(cap, base * 2.0 ** min(attempt, 30))
    return rng.uniform(bound / 2, bound)
