#!/usr/bin/env python3
"""packages_test.py BUILD_TREE CACHE: the Debian packages of a build tree, on a Debian of their own.

They are installed into a fresh root, a cluster runs there from the installed files as the units would start it, a
plugin is built against the installed SDK and runs on that cluster, an upgrade keeps edited settings, and a purge leaves
nothing. CACHE keeps the unpacked Debian between runs.
"""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import chroot
import report
from report import expect, run, wait_for

SOURCE = pathlib.Path(__file__).resolve().parents[2]
UNITS = ("weir-jobmanager.service", "weir-taskmanager.service")
# `systemd-analyze security` rates what a unit may do from 0 (nothing) to 10 (everything).
MOST_EXPOSURE = 3.0
# Folders of the package manager itself, which remembers what it did.
KEPT = ("var/lib/dpkg", "var/lib/apt", "var/cache", "var/log/apt", "var/log/dpkg.log", "var/log/alternatives.log")


class PackagesTest:
    def __init__(self, build_tree, cache):
        self.build_tree = pathlib.Path(build_tree).resolve()
        self.cache = pathlib.Path(cache).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-packages-"))
        self.root = None
        self.network = None
        self.servers = {}
        self.before = set()

    # ---- making them

    def make(self):
        self.pack("first")
        names = {path.name for path in (self.folder / "first").glob("*deb")}
        version = r"_\d+\.\d+\.\d+_\w+\."
        for package in (f"weir{version}deb", f"weir-sdk{version}deb", f"weir-dbgsym{version}ddeb"):
            expect(any(re.fullmatch(package, name) for name in names), f"no {package} among {sorted(names)}")

    def pack(self, name, *settings):
        run("cpack", "--config", self.build_tree / "CPackConfig.cmake", "-B", self.folder / name, *settings,
            cwd=self.folder)

    def package(self, name, which="first"):
        found = [path for path in (self.folder / which).glob("*deb") if path.name.split("_")[0] == name]
        expect(len(found) == 1, f"{len(found)} packages {name}")
        return found[0]

    def debug_symbols_fit(self):
        """The symbols of a program are found by its build id, and know functions and lines."""
        content = self.folder / "symbols"
        run("dpkg-deb", "-x", self.package("weir-dbgsym"), content)
        run("dpkg-deb", "-x", self.package("weir"), self.folder / "content")
        program = self.folder / "content/usr/bin/weir-taskmanager"
        build_id = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", program)).group(1)
        symbols = content / f"usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
        expect(symbols.is_file(), f"no symbols for build id {build_id}")
        sections = run("readelf", "-S", "--wide", symbols)
        expect(".debug_line" in sections, "the symbols know no lines")
        expect(".debug_line" not in run("readelf", "-S", "--wide", program), "the program is not stripped")

    # ---- installing

    def install(self):
        self.root = chroot.DebianRoot(self.cache, self.folder / "root")
        self.root.install("adduser")
        self.before = self.paths()
        self.install_package("weir")
        expect("weir:" in (self.root.path / "etc/passwd").read_text(), "there is no system user")

    def install_package(self, name, which="first"):
        file = self.package(name, which)
        shutil.copy(file, self.root.path / "opt")
        self.root.install(f"/opt/{file.name}")
        (self.root.path / "opt" / file.name).unlink()

    def paths(self):
        listed = run("find", self.root.path, "-xdev", "-printf", "%P\n").splitlines()
        return {path for path in listed if path and not path.startswith(KEPT)}

    def units_are_sound(self):
        if shutil.which("systemd-analyze") is None:
            raise report.Skip("systemd-analyze is not installed")
        self.root.install("systemd")  # the targets that the units name
        root = f"--root={self.root.path}"
        run("systemd-analyze", root, "verify", "--man=no", *UNITS)
        for unit in UNITS:
            text = run("systemd-analyze", root, "security", "--offline=true", "--no-pager", unit)
            exposure = float(re.search(r"exposure level for \S+ ([0-9.]+)", text).group(1))
            print(f"        {unit}: exposure {exposure}")
            expect(exposure <= MOST_EXPOSURE, text)

    def manual_and_completion_are_there(self):
        manual = self.root.run("zcat", "/usr/share/man/man1/weir.1.gz", "/usr/share/man/man8/weir-jobmanager.8.gz",
                               "/usr/share/man/man8/weir-taskmanager.8.gz")
        for program in ("weir", "weir-jobmanager", "weir-taskmanager"):
            expect(f".TH {program.upper()} " in manual, f"no manual page of {program}")
        script = ("source /usr/share/bash-completion/completions/weir; COMP_WORDS=(weir ch); COMP_CWORD=1; "
                  "COMP_LINE='weir ch'; _weir; echo \"${COMPREPLY[*]}\"")
        expect(self.root.run("bash", "-c", script).split() == ["checkpoint", "checkpoints"], "completion of `weir ch`")

    def rotation_keeps_what_is_written_later(self):
        self.root.install("logrotate")
        log = self.root.path / "var/log/weir/weir-jobmanager.log"
        size = log.stat().st_size
        expect(size > 0, "the JobManager has logged nothing")
        self.root.run("logrotate", "--force", "/etc/logrotate.d/weir")
        rotated = log.with_suffix(".log.1")
        expect(rotated.is_file() and rotated.stat().st_size >= size, "nothing was rotated")
        expect(log.stat().st_size < size, "the log was not cut")

    # ---- running

    def start_cluster(self):
        self.network = chroot.Network()
        for unit in UNITS:
            self.start(unit)
        wait_for("a registered TaskManager", lambda: self.status().get("taskmanagers") == 1)

    def start(self, unit):
        """As systemd would: the command line and the user of the unit."""
        text = (self.root.path / "lib/systemd/system" / unit).read_text()
        command = shlex.split(re.search(r"^ExecStart=(.*)$", text, re.MULTILINE).group(1))
        user = re.search(r"^User=(.*)$", text, re.MULTILINE).group(1)
        self.servers[unit] = subprocess.Popen(self.root.command(*command, user=f"{user}:{user}", network=self.network),
                                              stdin=subprocess.DEVNULL, env=chroot.ENVIRONMENT)

    def weir(self, *arguments):
        return self.root.run("weir", *arguments, network=self.network)

    def status(self):
        for unit, process in self.servers.items():
            expect(process.poll() is None, f"{unit} ended with exit code {process.returncode}")
        try:
            return json.loads(self.weir("status", "--json"))
        except report.Failure:
            return {}  # not there yet

    def stop_cluster(self):
        for unit in reversed(UNITS):
            process = self.servers.pop(unit)
            process.terminate()
            expect(process.wait(timeout=30) == 0, f"{unit} ended with exit code {process.returncode}")
        log = (self.root.path / "var/log/weir/weir-jobmanager.log").read_text()
        expect("leaves the cluster: it was asked to stop" in log, "the JobManager was not told that a TaskManager left")

    def build_a_plugin(self):
        self.install_package("weir-sdk")
        self.root.install("cmake", "make")
        shutil.copytree(SOURCE / "tests/deploy/job", self.root.path / "srv/job")
        self.root.run("cmake", "-S", "/srv/job", "-B", "/srv/job/build", "-DCMAKE_BUILD_TYPE=Release")
        self.root.run("cmake", "--build", "/srv/job/build")

    def the_plugin_runs(self):
        outcome = json.loads(self.weir("run", "--json", "-p", "2", "/srv/job/build/squares.so"))
        expect(outcome["state"] == "FINISHED", f"the job is {outcome}")
        lines = []
        for path in (self.root.path / "var/log/weir").glob("weir-worker-*.out"):
            lines += path.read_text().split("\n")
        numbers = sorted(int(line.rpartition("> ")[2]) for line in lines if line)
        expect(numbers == [number * number for number in range(1, 101)], f"printed: {lines}")

    # ---- upgrade and end

    def upgrade(self):
        config = self.root.path / "etc/weir/config.yaml"
        edited = config.read_text() + "\n# edited by the administrator\nparallelism.default: 3\n"
        config.write_text(edited)
        self.pack("second", "-D", "CPACK_PACKAGE_VERSION=999.0.0")
        self.install_package("weir", "second")
        installed = self.root.run("dpkg-query", "-W", "-f", "${Version}", "weir")
        expect(installed == "999.0.0", f"version {installed} is installed")
        expect(config.read_text() == edited, "the upgrade changed the settings")
        expect((self.root.path / "var/lib/weir/metadata").is_dir(), "the upgrade removed state")

    def remove(self):
        self.root.run("apt-get", "-qq", "-y", "remove", "weir")
        expect((self.root.path / "etc/weir/config.yaml").is_file(), "remove took the settings")
        expect(not (self.root.path / "usr/bin/weir-jobmanager").exists(), "remove left programs")

    def purge(self):
        self.root.run("apt-get", "-qq", "-y", "purge", "weir", "weir-sdk")
        left = sorted(path for path in self.paths() - self.before if "weir" in path)
        expect(not left, f"left behind: {left}")
        for file in ("passwd", "group", "shadow"):
            expect("weir" not in (self.root.path / "etc" / file).read_text(), f"weir is still in /etc/{file}")

    def close(self):
        for process in self.servers.values():
            process.kill()
            process.wait()
        if self.network:
            self.network.close()
        shutil.rmtree(self.folder)


def main():
    test = PackagesTest(*sys.argv[1:])
    cases = report.Report()
    try:
        if cases.case("cpack makes packages", test.make):
            cases.case("debug symbols fit the programs", test.debug_symbols_fit)
            if cases.case("weir installs on a fresh Debian", test.install):
                cases.case("its units are sound and hardened", test.units_are_sound)
                cases.case("it has a manual and completion", test.manual_and_completion_are_there)
                running = cases.case("a cluster starts from the installed files", test.start_cluster)
                if running and cases.case("a plugin builds against the installed SDK", test.build_a_plugin):
                    cases.case("the plugin runs on the installed cluster", test.the_plugin_runs)
                if running:
                    cases.case("logs are rotated", test.rotation_keeps_what_is_written_later)
                    cases.case("the servers stop in order", test.stop_cluster)
                cases.case("an upgrade keeps settings and state", test.upgrade)
                cases.case("remove keeps settings", test.remove)
                cases.case("purge leaves nothing", test.purge)
    finally:
        test.close()
    cases.close()


if __name__ == "__main__":
    main()
