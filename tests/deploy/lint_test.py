#!/usr/bin/env python3
"""lint_test.py WEIR: what can be checked of deploy/ without a container. WEIR is the built command line."""

import pathlib
import re
import shutil
import sys

import report
from report import expect, run

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = SOURCE / "deploy/packages"
MOST_EXPOSURE = 3.0


def scripts_are_clean():
    if shutil.which("shellcheck") is None:
        raise report.Skip("shellcheck is not installed")
    run("shellcheck", *sorted((SOURCE / "deploy").rglob("*.sh")), *(PACKAGES / "debian").glob("p*"))
    run("shellcheck", "-s", "bash", PACKAGES / "weir.bash-completion")


def units_are_hardened():
    if shutil.which("systemd-analyze") is None:
        raise report.Skip("systemd-analyze is not installed")
    for unit in sorted((PACKAGES / "systemd").iterdir()):
        text = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
        exposure = float(re.search(r"exposure level for \S+ ([0-9.]+)", text).group(1))
        expect(exposure <= MOST_EXPOSURE, text)


def options_of(weir, *command):
    """The long options that a command knows, by its own help."""
    return set(re.findall(r"--[A-Za-z]+", run(weir, *command, "--help")))


def manual_has_every_option(weir):
    manual = (PACKAGES / "man/weir.1").read_text()
    completion = (PACKAGES / "weir.bash-completion").read_text()
    commands = re.findall(r"^  ([a-z]+) {2,}", run(weir, "--help").partition("Subcommands:")[2], re.MULTILINE)
    expect(len(commands) >= 8, f"only {commands}")
    for command in commands:
        expect(f"\\fB{command}" in manual, f"the manual has no command {command}")
        expect(re.search(rf"\b{command}\b", completion), f"completion has no command {command}")
        for option in options_of(weir, command):
            expect(option in manual, f"the manual has no {option} of {command}")
            expect(option in completion, f"completion has no {option} of {command}")


def image_knows_every_command(weir):
    entrypoint = (SOURCE / "deploy/docker/entrypoint.sh").read_text()
    commands = re.findall(r"^  ([a-z]+) {2,}", run(weir, "--help").partition("Subcommands:")[2], re.MULTILINE)
    known = re.search(r"^  (run \|.*)\)$", entrypoint, re.MULTILINE).group(1)
    for command in commands:
        expect(command in known.split(" | "), f"the image does not take {command}")


def main():
    weir = sys.argv[1]
    cases = report.Report()
    cases.case("scripts are clean", scripts_are_clean)
    cases.case("units are hardened", units_are_hardened)
    cases.case("manual and completion know every option", lambda: manual_has_every_option(weir))
    cases.case("the image takes every command", lambda: image_knows_every_command(weir))
    cases.close()


if __name__ == "__main__":
    main()
