"""What the project has set itself, and whether a run met it."""

import dataclasses


@dataclasses.dataclass
class Gate:
    """`what` as the table calls it. `contestant`: whose value is judged: of `metric`, as its ratio to the limit's of
    the same round, or as it is where `absolute`. Better is more, or less where `at_most`. Where it is `required` a run
    that misses it fails."""
    what: str
    contestant: str
    gate: float
    stretch: float = None
    metric: str = "M records / CPU s"
    absolute: bool = False
    at_most: bool = False
    required: bool = False

    def judge(self, rows, ratio_of):
        """What the gate says of a benchmark's rows: one line of the table."""
        row = next(row for row in rows if row["contestant"] == self.contestant)
        if self.absolute:
            spread = row["metrics"][self.metric]
        elif self.metric == ratio_of:
            spread = row["ratio"]
        else:
            spread = row["ratios"][self.metric]
        return {"what": self.what, "contestant": self.contestant, "gate": self.gate, "stretch": self.stretch,
                "at_most": self.at_most, "required": self.required, "measured": spread,
                "verdict": self._verdict(spread["median"])}

    def _verdict(self, value):
        def reached(bound):
            return value <= bound if self.at_most else value >= bound
        if self.stretch is not None and reached(self.stretch):
            return "stretch met"
        return "met" if reached(self.gate) else "NOT met"


def missed(results):
    """The required gates that a run did not meet: a line each."""
    return [f"{result['name']}, {line['what']}: {line['measured']['median']:.3g}, asked for "
            f"{'≤' if line['at_most'] else '≥'} {line['gate']:g}"
            for result in results for line in result["gates"]
            if line["required"] and line["verdict"] == "NOT met"]


def print_gates(results):
    """The table of all gates of a run."""
    judged = [line for result in results for line in result["gates"]]
    if not judged:
        return
    width = max(len(line["what"]) for line in judged)
    print(f"\n{'gate':<{width}}{'asked for':>12}{'stretch':>10}{'measured (lowest–highest)':>32}  verdict")
    for line in judged:
        sign = "≤" if line["at_most"] else "≥"
        stretch = "" if line["stretch"] is None else f"{line['stretch']:g}"
        spread = line["measured"]
        measured = f"{spread['median']:.3g} ({spread['lowest']:.3g}–{spread['highest']:.3g})"
        asked = f"{sign} {line['gate']:g}"
        print(f"{line['what']:<{width}}{asked:>12}{stretch:>10}{measured:>32}  {line['verdict']}")
    missed = sum(line["verdict"] == "NOT met" for line in judged)
    print(f"{len(judged) - missed} of {len(judged)} gates met")
