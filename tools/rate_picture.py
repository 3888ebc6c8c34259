# SPDX-License-Identifier: Apache-2.0
"""A small picture of a run: calls a second over time, what was sent, what got through, what was possible."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 26, 30
BIN = 0.5  # s


def drawn(
    title: str,
    ideal: Sequence[tuple[float, float, float]],
    sent: Sequence[tuple[float, bool]],
    end: float,
    limit: float,
) -> str:
    """An SVG. `sent` are the calls: when, and whether they got through."""
    bins = math.ceil(end / BIN)
    every, good = [0] * bins, [0] * bins
    for at, through in sent:
        if at < end:
            every[int(at / BIN)] += 1
            good[int(at / BIN)] += through
    top = 1.1 * limit

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at / end

    def y(per_s: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(per_s, top) / top

    def line(counts: Sequence[int]) -> str:
        return " ".join(f"{x((i + 0.5) * BIN):.1f},{y(count / BIN):.1f}" for i, count in enumerate(counts))

    possible, at = [], 0.0
    for begin, until, per_s in ideal:
        if begin > at:
            possible += [(at, 0.0), (begin, 0.0)]
        possible += [(begin, per_s), (min(until, end), per_s)]
        at = until
        if at >= end:
            break
    steps = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in possible)
    # The last one stands at the edge.
    anchors = {t: "end" if x(t) > WIDTH - 20 else "middle" for t in range(0, int(end) + 1, 10)}
    marks = "".join(
        f'<text x="{x(t):.0f}" y="{HEIGHT - 14}" text-anchor="{anchor}">{t:.0f} s</text>'
        for t, anchor in anchors.items()
    )
    heights = "".join(
        f'<path d="M{LEFT} {y(v):.1f}H{WIDTH - RIGHT}" stroke="#8884"/>'
        f'<text x="{LEFT - 4}" y="{y(v) + 4:.1f}" text-anchor="end">{v:.0f}</text>'
        for v in (0, limit / 2, limit)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="11" fill="#777">\n'
        f"<title>{title}: calls a second over time</title>\n"
        f'<text x="{LEFT}" y="14" font-size="12">{title}</text>\n'
        f'<text x="{WIDTH - RIGHT}" y="14" text-anchor="end"><tspan fill="#999">possible</tspan> '
        f'<tspan fill="#d66">sent</tspan> <tspan fill="#27c">answered</tspan></text>\n'
        f"{heights}\n{marks}\n"
        f'<g fill="none">\n<polyline points="{steps}" stroke="#999" stroke-dasharray="4 3"/>\n'
        f'<polyline points="{line(every)}" stroke="#d66"/>\n'
        f'<polyline points="{line(good)}" stroke="#27c" stroke-width="1.5"/>\n</g>\n</svg>\n'
    )
