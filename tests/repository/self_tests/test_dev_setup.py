"""Tests of `./dev setup` with stand-ins for the package tools: what it calls, and how often."""

import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]

# The stand-in for apt-get notes its call, fails as often as the file `failures` says, then "installs" everything.
APT = """#!/bin/bash
echo "$1" >>calls
[[ $1 == update ]] && exit 0
left="$(cat failures)"
if [[ ${left} -gt 0 ]]; then echo $((left - 1)) >failures; exit 100; fi
touch installed
"""
DPKG = """#!/bin/bash
for word in "$@"; do
  [[ -f installed || ${word} != jq ]] && echo "ii  ${word}"
done
exit 0
"""


class SetupTest(unittest.TestCase):
    def run_setup(self, installed, failures=0):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            tools = {"apt-get": APT, "dpkg-query": DPKG, "sudo": '#!/bin/bash\nexec "$@"\n'}
            for tool, text in tools.items():
                # The stand-ins keep their notes beside themselves.
                text = text.replace("#!/bin/bash\n", f"#!/bin/bash\ncd {folder}\n")
                (folder / tool).write_text(text, encoding="utf-8")
                (folder / tool).chmod(stat.S_IRWXU)
            (folder / "failures").write_text(str(failures), encoding="utf-8")
            if installed:
                (folder / "installed").touch()
            environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
            result = subprocess.run([ROOT / "dev", "setup"], env=environment, capture_output=True, text=True,
                                    check=False)
            calls = (folder / "calls").read_text(encoding="utf-8").split() if (folder / "calls").exists() else []
            return result, calls

    def test_does_nothing_when_all_is_there(self):
        result, calls = self.run_setup(installed=True)
        self.assertEqual((0, [], ""), (result.returncode, calls, result.stdout))

    def test_installs_what_is_missing_and_says_so(self):
        result, calls = self.run_setup(installed=False)
        self.assertEqual((0, ["install"]), (result.returncode, calls))
        self.assertIn("installing jq\n", result.stdout)

    def test_renews_a_stale_list_once(self):
        result, calls = self.run_setup(installed=False, failures=1)
        self.assertEqual((0, ["install", "update", "install"]), (result.returncode, calls))

    def test_gives_up_when_the_second_attempt_fails(self):
        result, calls = self.run_setup(installed=False, failures=2)
        self.assertNotEqual(0, result.returncode)
        self.assertEqual(["install", "update", "install"], calls)


if __name__ == "__main__":
    unittest.main()
