"""Charts as SVG, without a library: lines over a logarithmic axis, and bars beside what was asked for."""

import html
import math

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 46, 52
_COLOURS = ("#1b6ca8", "#c8553d", "#3c8d2f", "#7a4fa3", "#8a6d1f", "#2a9d8f")
_STYLE = ("text{font:12px sans-serif;fill:#222}.title{font-size:15px;font-weight:bold}"
          ".grid{stroke:#ddd}.axis{stroke:#444}.minor{fill:#666}")


def _text(x, y, text, anchor="start", kind="", turned=False):
    attributes = f' class="{kind}"' if kind else ""
    if turned:
        attributes += f' transform="rotate(-90 {x:.1f} {y:.1f})"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attributes}>{html.escape(text)}</text>'


def _line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _svg(height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}"><style>{_STYLE}</style><rect width="100%" height="100%" fill="white"/>'
            + "\n".join(parts) + "</svg>\n")


def short_number(value):
    """1000 as 1 k, 10 000 000 as 10 M."""
    for size, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{name}"
    return f"{value:g}"


class _LogarithmicScale:
    """Places values between two ends of the paper; its marks are powers of ten, or of two between few of those."""

    def __init__(self, values, begin, end):
        low, high = min(values), max(values)
        self.low = math.log10(low) if high > low else math.log10(low) - 0.5
        self.high = math.log10(high) if high > low else math.log10(low) + 0.5
        self.begin, self.end = begin, end

    def place(self, value):
        return self.begin + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)

    def marks(self):
        def powers(base):
            return [base ** n for n in range(math.ceil(self.low / math.log10(base) - 1e-9),
                                             math.floor(self.high / math.log10(base) + 1e-9) + 1)]
        tens = powers(10)
        return tens if len(tens) > 2 else powers(2)


def _rounded_out(values):
    """The values with powers of two around them, so that an axis begins and ends at a mark."""
    return [2.0 ** math.floor(math.log2(min(values))), 2.0 ** math.ceil(math.log2(max(values)))]


def line_chart(title, x_name, y_name, series):
    """`series`: {name: [(x, y), …]} with values above 0; both axes are logarithmic."""
    points = [point for line in series.values() for point in line]
    x_scale = _LogarithmicScale([x for x, _ in points], _LEFT, _WIDTH - _RIGHT)
    y_scale = _LogarithmicScale(_rounded_out([y for _, y in points]), _HEIGHT - _BOTTOM, _TOP)
    parts = [_text(_LEFT, 24, title, kind="title"),
             _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 12, x_name, "middle"),
             _text(18, (_TOP + _HEIGHT - _BOTTOM) / 2, y_name, "middle", turned=True)]
    for value in y_scale.marks():
        y = y_scale.place(value)
        parts += [_line(_LEFT, y, _WIDTH - _RIGHT, y, "grid"), _text(_LEFT - 6, y + 4, short_number(value), "end")]
    for value in sorted({x for x, _ in points}):
        x = x_scale.place(value)
        parts += [_line(x, _HEIGHT - _BOTTOM, x, _HEIGHT - _BOTTOM + 5, "axis"),
                  _text(x, _HEIGHT - _BOTTOM + 18, short_number(value), "middle")]
    parts.append(_line(_LEFT, _HEIGHT - _BOTTOM, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM, "axis"))
    for number, (name, line) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [(x_scale.place(x), y_scale.place(y)) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        y = _TOP + 18 * number + 8
        parts += [f'<rect x="{_WIDTH - _RIGHT + 14}" y="{y - 9}" width="12" height="12" fill="{colour}"/>',
                  _text(_WIDTH - _RIGHT + 32, y + 2, name)]
    return _svg(_HEIGHT, parts)


def time_chart(title, x_name, y_name, series):
    """`series`: {name: [(x, y), …]}, with y from 0 up; both axes are linear."""
    points = [point for line in series.values() for point in line]
    low, high, most = min(x for x, _ in points), max(x for x, _ in points), max(y for _, y in points) or 1.0
    right, bottom = _WIDTH - 24, _HEIGHT - _BOTTOM

    def place(x, y):
        return _LEFT + (x - low) / ((high - low) or 1.0) * (right - _LEFT), bottom - y / most * (bottom - _TOP)
    parts = [_text(_LEFT, 24, title, kind="title"), _text((_LEFT + right) / 2, _HEIGHT - 12, x_name, "middle"),
             _text(14, (_TOP + bottom) / 2, y_name, "middle", turned=True), _line(_LEFT, bottom, right, bottom, "axis")]
    for quarter in range(5):
        _, y = place(low, most * quarter / 4)
        parts += [_line(_LEFT, y, right, y, "grid"), _text(_LEFT - 6, y + 4, short_number(most * quarter / 4), "end")]
    for x in range(math.ceil(low), math.floor(high) + 1):
        at, _ = place(x, 0)
        parts += [_line(at, bottom, at, bottom + 5, "axis"), _text(at, bottom + 18, str(x), "middle")]
    for number, (name, line) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line))
        parts += [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
                  _text(right, _TOP + 16 * number - 6, name, "end")]
    return _svg(_HEIGHT, parts)


def gate_chart(title, lines):
    """One bar per judged gate (harness/gates.py): how far the measured value is beyond what was asked for. 1 is the
    gate itself; what shall be little is turned round, so that longer is always better."""
    left, row, most = 300, 24, 3.0
    height = _TOP + row * len(lines) + 40
    scale = (_WIDTH - left - 90) / most
    parts = [_text(16, 24, title, kind="title")]
    for number, line in enumerate(lines):
        value = line["measured"]["median"]
        share = line["gate"] / value if line["at_most"] else value / line["gate"]
        colour = _COLOURS[2] if line["verdict"] != "NOT met" else _COLOURS[1]
        y = _TOP + row * number
        parts += [_text(left - 8, y + 13, line["what"], "end"),
                  f'<rect x="{left}" y="{y + 2}" width="{min(share, most) * scale:.1f}" height="{row - 8}" '
                  f'fill="{colour}"/>',
                  _text(_WIDTH - 24, y + 13, f"{value:.3g}", "end", "minor")]
        if line["stretch"] is not None:
            stretch = line["gate"] / line["stretch"] if line["at_most"] else line["stretch"] / line["gate"]
            x = left + min(stretch, most) * scale
            parts.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + row - 4}" stroke="#222" '
                         'stroke-dasharray="2 2"/>')
    bottom = _TOP + row * len(lines)
    parts += [_line(left + scale, _TOP - 4, left + scale, bottom, "axis"),
              _text(left + scale, bottom + 16, "gate", "middle"),
              _text(left, bottom + 32, "dashed: stretch; the number is what was measured", kind="minor")]
    return _svg(height, parts)
