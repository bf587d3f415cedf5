"""Cases of a deployment test, counted the way the test runner reads them: `N passed, N failed, N skipped`."""

import subprocess
import sys
import time
import traceback


class Failure(Exception):
    """What was expected and what was found instead."""


class Skip(Exception):
    """Why a case cannot run on this machine."""


def expect(condition, message):
    if not condition:
        raise Failure(message)


def run(*command, timeout_s=900, **options):
    """Standard output of a command; a Failure with both of its outputs when it fails."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False, **options)
    if result.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def wait_for(what, probe, timeout_s=60):
    """Polls until the probe gives something true, and returns it."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {timeout_s} s")
        time.sleep(0.05)


class Report:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def case(self, name, action):
        """Runs one case. Returns whether it passed: what builds on it makes no sense otherwise."""
        start = time.monotonic()
        try:
            action()
        except Skip as reason:
            self.skipped += 1
            print(f"SKIPPED {name}: {reason}", flush=True)
            return False
        except (Failure, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            self.failed += 1
            print(f"FAILED  {name}", flush=True)
            text = str(error) if isinstance(error, Failure) else traceback.format_exc()
            print("\n".join(f"        {line}" for line in text.splitlines()[-60:]), flush=True)
            return False
        self.passed += 1
        print(f"passed  {name} ({time.monotonic() - start:.1f} s)", flush=True)
        return True

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(1 if self.failed else 0)
