#!/usr/bin/env python3
"""packages_test.py BUILD_TREE CACHE: the Debian packages of a build tree, on a Debian of their own.

They are installed into a fresh root and a plugin is built there against the installed SDK. Then that Debian is booted,
and everything is done with `systemctl`: a cluster runs jobs under its hardened units, is killed, gets wrong settings,
limits and a drop-in, stops in order, is upgraded while a job runs, removed and purged. CACHE keeps the unpacked Debian
between runs.
"""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import booted
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
        self.booted = None
        self.job = None
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

    @contextlib.contextmanager
    def copied(self, name, which="first"):
        """Where a package lies in there, for a while."""
        file = self.package(name, which)
        shutil.copy(file, self.root.path / "opt")
        yield f"/opt/{file.name}"
        (self.root.path / "opt" / file.name).unlink()

    def install_package(self, name):
        with self.copied(name) as path:
            self.root.install(path)

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

    # ---- running

    def build_a_plugin(self):
        self.install_package("weir-sdk")
        self.root.install("cmake", "make")
        shutil.copytree(SOURCE / "tests/deploy/job", self.root.path / "srv/job")
        self.root.run("cmake", "-S", "/srv/job", "-B", "/srv/job/build", "-DCMAKE_BUILD_TYPE=Release")
        self.root.run("cmake", "--build", "/srv/job/build")

    def boot(self):
        # Once it is up it reaches no archive.
        self.root.install("dbus", "logrotate", "procps", "systemd")
        self.booted = booted.BootedDebian(self.root)
        for unit in UNITS:
            expect(self.booted.unit(unit, "UnitFileState") == "disabled", f"{unit} was enabled by its package")
            expect(self.booted.unit(unit, "ActiveState") == "inactive", f"{unit} was started by its package")

    def start_cluster(self):
        self.booted.run("systemctl", "enable", "--now", *UNITS)
        self.wait_for_cluster()
        for unit in UNITS:
            user = self.booted.run("ps", "-o", "user=", "-p", self.booted.unit(unit, "MainPID")).strip()
            expect(user == "weir", f"{unit} runs as {user}")
        expect(json.loads(self.booted.run("weir", "status", "--json")), "weir status")

    def rest(self, path):
        """An answer of the REST API, or {} while nobody answers."""
        answer = subprocess.run([*self.booted.network(), "curl", "--silent", "--fail", "--max-time", "10",
                                 f"http://127.0.0.1:8081/v1{path}"], capture_output=True, text=True, check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else {}

    def wait_for_cluster(self):
        wait_for("a registered TaskManager", lambda: self.rest("/overview").get("taskmanagers") == 1)

    def the_plugin_runs(self):
        outcome = json.loads(self.booted.run("weir", "run", "--json", "-p", "2", "/srv/job/build/squares.so"))
        expect(outcome["state"] == "FINISHED", f"the job is {outcome}")
        lines = []
        for path in (self.root.path / "var/log/weir").glob("weir-worker-*.out"):
            lines += path.read_text().split("\n")
        numbers = sorted(int(line.rpartition("> ")[2]) for line in lines if line)
        expect(numbers == [number * number for number in range(1, 101)], f"printed: {lines}")

    def submit(self, *settings):
        told = self.booted.run("weir", "run", "-d", *settings, "/srv/job/build/endless.so")
        return re.search(r"[0-9a-f]{32}", told).group(0)

    def read_records(self, job):
        """How far a job is whose tasks all run, as its filter counts since it was started; none where one does not."""
        details = self.rest(f"/jobs/{job}")
        expect(details.get("state") not in ("FAILED", "FINISHED", "CANCELED"), f"the job is {details}")
        if details.get("state") != "RUNNING" or any(each["status"] != "RUNNING" for each in details["vertices"]):
            return None
        return max(each["metrics"]["read-records"] for each in details["vertices"])

    def wait_for_records(self, job):
        wait_for("records of a running job", lambda: self.read_records(job))

    def wait_for_checkpoint(self, job):
        wait_for("a checkpoint",
                 lambda: self.rest(f"/jobs/{job}/checkpoints").get("counts", {}).get("completed"))

    def killed_servers_come_back(self):
        """The job checks that it misses and repeats nothing; it fails if it does."""
        self.job = self.submit("-Dexecution.checkpointing.interval=200ms")
        for unit in reversed(UNITS):
            self.wait_for_checkpoint(self.job)
            before = self.booted.unit(unit, "MainPID")
            self.booted.run("kill", "-KILL", before)
            wait_for(f"{unit} once more", lambda: self.booted.unit(unit, "MainPID") not in ("0", before))
            self.wait_for_cluster()
            self.wait_for_records(self.job)
            expect(self.booted.unit(unit, "NRestarts") == "1", f"{unit} was started again more than once")

    @contextlib.contextmanager
    def settings(self, change):
        """Has `change` make other settings of the present ones, for a while."""
        config = self.root.path / "etc/weir/config.yaml"
        before = config.read_text()
        config.write_text(change(before))
        try:
            yield
        finally:
            config.write_text(before)

    def wrong_settings_are_tried_once(self):
        with self.settings(lambda text: text + "\nparallelism.defualt: 3\n"):
            self.booted.run("systemctl", "restart", "weir-taskmanager")
            wait_for("a failed unit", lambda: self.booted.unit("weir-taskmanager", "ActiveState") == "failed")
            told = self.booted.run("journalctl", "--no-pager", "--unit", "weir-taskmanager")
            log = (self.root.path / "var/log/weir/weir-taskmanager.log").read_text()
            expect("parallelism.defualt" in told + log, f"nobody says what is wrong: {told}")
            for name, value in (("ExecMainStatus", "2"), ("NRestarts", "0")):
                found = self.booted.unit("weir-taskmanager", name)
                expect(found == value, f"{name} is {found}, not {value}")
        self.booted.run("systemctl", "restart", "weir-taskmanager")
        self.wait_for_cluster()
        self.wait_for_records(self.job)

    def limits_of_the_unit_count(self):
        with self.settings(lambda text: re.sub("(?m)^  numberOfTaskSlots: 2\n", "", text)):
            self.booted.run("systemctl", "set-property", "--runtime", "weir-taskmanager", "MemoryMax=900M",
                            "CPUQuota=150%")
            self.booted.run("systemctl", "restart", "weir-taskmanager")
            self.wait_for_records(self.job)
            found = self.rest("/taskmanagers")["taskmanagers"][0]
            expect(found["slotsNumber"] == 1, f"{found['slotsNumber']} slots on one and a half processors")
            memory = found["memoryConfiguration"]["totalProcessMemory"]
            expect(memory == 900 << 20, f"{memory} bytes of 900 MiB")
        self.booted.run("systemctl", "revert", "weir-taskmanager")
        self.booted.run("systemctl", "restart", "weir-taskmanager")
        self.wait_for_cluster()

    def a_drop_in_lets_checkpoints_go_elsewhere(self):
        folder = self.root.path / "srv/checkpoints"
        folder.mkdir()
        self.root.run("chown", "weir:weir", "/srv/checkpoints")
        settings = ("-Dexecution.checkpointing.interval=200ms", "-Dexecution.checkpointing.dir=/srv/checkpoints")
        try:
            self.submit(*settings)
            raise report.Failure("checkpoints go where the unit may not write")
        except report.Failure as refusal:
            expect("/srv/checkpoints" in str(refusal) and "ead-only" in str(refusal), f"refused: {refusal}")
        editor = self.root.path / "srv/editor"
        editor.write_text("#!/bin/sh\n"
                          "exec sed -i '/^### Anything/a [Service]\\nReadWritePaths=/srv/checkpoints' \"$@\"\n")
        editor.chmod(0o755)
        # It edits on a terminal only.
        self.booted.run("env", "SYSTEMD_EDITOR=/srv/editor", "script", "--quiet", "--return", "--command",
                        f"systemctl edit {' '.join(UNITS)}", "/dev/null")
        self.booted.run("systemctl", "restart", *UNITS)
        self.wait_for_cluster()
        job = self.submit(*settings)
        self.wait_for_checkpoint(job)
        expect(list((folder / job).glob("chk-*/_metadata")), "no checkpoint in the folder")
        self.booted.run("weir", "cancel", job)
        self.booted.run("systemctl", "revert", *UNITS)
        self.booted.run("systemctl", "restart", *UNITS)
        self.wait_for_records(self.job)

    def rotation_keeps_what_is_written_later(self):
        log = self.root.path / "var/log/weir/weir-jobmanager.log"
        size = log.stat().st_size
        expect(size > 0, "the JobManager has logged nothing")
        self.booted.run("logrotate", "--force", "/etc/logrotate.d/weir")
        rotated = log.with_suffix(".log.1")
        expect(rotated.is_file() and rotated.stat().st_size >= size, "nothing was rotated")
        expect(log.stat().st_size < size, "the log was not cut")

    def stop_cluster(self):
        for unit in reversed(UNITS):
            self.booted.run("systemctl", "stop", unit)
            for name, value in (("ActiveState", "inactive"), ("Result", "success"), ("ExecMainStatus", "0")):
                found = self.booted.unit(unit, name)
                expect(found == value, f"{unit}: {name} is {found}, not {value}")
        log = (self.root.path / "var/log/weir/weir-jobmanager.log").read_text()
        expect("leaves the cluster: it was asked to stop" in log, "the JobManager was not told that a TaskManager left")

    # ---- upgrade and end

    def upgrade(self):
        config = self.root.path / "etc/weir/config.yaml"
        edited = config.read_text() + "\n# edited by the administrator\nparallelism.default: 1\n"
        config.write_text(edited)
        self.booted.run("systemctl", "start", *UNITS)
        self.wait_for_records(self.job)
        before = {unit: self.booted.unit(unit, "MainPID") for unit in UNITS}
        self.pack("second", "-D", "CPACK_PACKAGE_VERSION=999.0.0")
        with self.copied("weir", "second") as path:
            self.booted.run("apt-get", "-qq", "-y", "install", path)
        installed = self.booted.run("dpkg-query", "-W", "-f", "${Version}", "weir")
        expect(installed == "999.0.0", f"version {installed} is installed")
        expect(config.read_text() == edited, "the upgrade changed the settings")
        expect((self.root.path / "var/lib/weir/metadata").is_dir(), "the upgrade removed state")
        for unit in UNITS:
            expect(self.booted.unit(unit, "MainPID") not in ("0", before[unit]), f"{unit} was not started again")
        self.wait_for_records(self.job)

    def remove(self):
        self.booted.run("apt-get", "-qq", "-y", "remove", "weir")
        expect((self.root.path / "etc/weir/config.yaml").is_file(), "remove took the settings")
        expect(not (self.root.path / "usr/bin/weir-jobmanager").exists(), "remove left programs")
        left = subprocess.run(self.booted.command("pgrep", "--uid", "weir", "--list-full"), capture_output=True,
                              text=True, check=False).stdout
        expect(not left, f"processes left: {left}")

    def purge(self):
        self.booted.run("apt-get", "-qq", "-y", "purge", "weir", "weir-sdk")
        left = sorted(path for path in self.paths() - self.before if "weir" in path)
        expect(not left, f"left behind: {left}")
        for file in ("passwd", "group", "shadow"):
            expect("weir" not in (self.root.path / "etc" / file).read_text(), f"weir is still in /etc/{file}")

    def close(self):
        if self.booted:
            self.booted.close()
        shutil.rmtree(self.folder)


def use(test, cases):
    if cases.case("systemctl enable --now starts a cluster", test.start_cluster):
        cases.case("the plugin runs on it", test.the_plugin_runs)
        if cases.case("servers that are killed come back", test.killed_servers_come_back):
            cases.case("wrong settings are tried once", test.wrong_settings_are_tried_once)
            cases.case("limits of the unit count", test.limits_of_the_unit_count)
            cases.case("a drop-in lets checkpoints go elsewhere", test.a_drop_in_lets_checkpoints_go_elsewhere)
        cases.case("logs are rotated", test.rotation_keeps_what_is_written_later)
        cases.case("systemctl stop is orderly", test.stop_cluster)
    cases.case("an upgrade keeps settings and state, and a running job", test.upgrade)
    cases.case("remove keeps settings", test.remove)
    cases.case("purge leaves nothing", test.purge)


def main():
    test = PackagesTest(*sys.argv[1:])
    cases = report.Report()
    try:
        if cases.case("cpack makes packages", test.make):
            cases.case("debug symbols fit the programs", test.debug_symbols_fit)
            if cases.case("weir installs on a fresh Debian", test.install):
                cases.case("its units are sound and hardened", test.units_are_sound)
                cases.case("it has a manual and completion", test.manual_and_completion_are_there)
                built = cases.case("a plugin builds against the installed SDK", test.build_a_plugin)
                if built and cases.case("it boots and nothing is enabled", test.boot):
                    use(test, cases)
    finally:
        test.close()
    cases.close()


if __name__ == "__main__":
    main()
