"""Draws cost and memory against size. Both axes are logarithmic: slope one is linear growth, a flat
line is none."""

from math import ceil, floor, log10
from typing import NamedTuple

WIDTH, HEIGHT = 420, 300
LEFT, TOP, RIGHT, BOTTOM = 60, 40, 60, 50
SECONDS, MEMORY = "#1f6feb", "#bf5b04"


class Point(NamedTuple):
    """Cost and memory at one size."""

    size: float
    seconds: float
    megabytes: float


def panel(at: int, title: str, points: list[Point]) -> list[str]:
    """One diagram, `at` pixels from the left."""
    low, high = log10(points[0].size), log10(points[-1].size)
    costs = [value for point in points for value in (point.seconds, point.megabytes)]
    bottom, top = floor(log10(min(costs))), ceil(log10(max(costs)))

    def x(size: float) -> float:
        return at + LEFT + (log10(size) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        share = (log10(value) - bottom) / (top - bottom)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def text(x: float, y: float, words: str, anchor: str = "middle", fill: str = "#555") -> str:
        return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{fill}">{words}</text>'

    out = [text(at + WIDTH / 2, 20, title)]
    for power in range(bottom, top + 1):
        line = y(10.0**power)
        out.append(
            f'<path d="M{at + LEFT} {line:.1f}H{at + WIDTH - RIGHT}" stroke="#ddd"/>'
            + text(at + LEFT - 6, line + 4, f"{10.0**power:g}", "end")
        )
    # Cost in proportion to the last point.
    first, last = points[0], points[-1]
    ideal = max(last.seconds * first.size / last.size, 10.0**bottom)
    begin = last.size * ideal / last.seconds
    out.append(
        f'<path d="M{x(begin):.1f} {y(ideal):.1f}L{x(last.size):.1f} {y(last.seconds):.1f}"'
        ' stroke="#999" stroke-dasharray="4 4"/>'
    )
    for values, colour in (
        ([point.seconds for point in points], SECONDS),
        ([point.megabytes for point in points], MEMORY),
    ):
        places = [(x(p.size), y(value)) for p, value in zip(points, values, strict=True)]
        line = "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
        out.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places]
    out += [text(x(p.size), HEIGHT - BOTTOM + 18, f"{p.size:g}") for p in points]
    out.append(text(at + WIDTH - RIGHT + 6, y(last.seconds) + 4, "s", "start", SECONDS))
    out.append(text(at + WIDTH - RIGHT + 6, y(last.megabytes) + 4, "MB", "start", MEMORY))
    return out


def picture(*panels: tuple[str, list[Point]]) -> str:
    """An SVG with one diagram per title."""
    width = WIDTH * len(panels)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">'
    )
    foot = (
        f'<text x="{width / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle" fill="#555">'
        "processor seconds and peak memory of `analyze`; dashed: in proportion to size</text>"
    )
    body = [
        part for n, (title, points) in enumerate(panels) for part in panel(n * WIDTH, title, points)
    ]
    return "\n".join(
        [head, f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>', *body, foot, "</svg>", ""]
    )
