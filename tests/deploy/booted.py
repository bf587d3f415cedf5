"""A Debian of a folder booted: systemd is its first process, in namespaces and control groups of its own."""

import os
import pathlib
import re
import subprocess

import chroot
import report

CONTROL_GROUPS = pathlib.Path("/sys/fs/cgroup")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
# The arguments are the root, how each hierarchy of control groups is mounted, and the devices. Mounted within the new
# namespace of control groups, a hierarchy begins where this process is in it.
BOOT = """set -e
root="$1" hierarchies="$2" devices="$3"
mount --make-rprivate /
mount --bind "${root}" "${root}"
cd "${root}"
mount -t proc proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
for each in ${hierarchies}; do
  IFS=: read -r name type options <<END
${each}
END
  mkdir -p "sys/fs/cgroup/${name}"
  mount -t "${type}" ${options:+-o "${options}"} cgroup "sys/fs/cgroup/${name}"
done
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
for device in ${devices}; do
  touch "dev/${device}"
  mount --bind "/dev/${device}" "dev/${device}"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
ip link set lo up
mkdir -p .before
pivot_root . .before
umount -l /.before
rmdir /.before
exec env -i container=weir PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal
"""


def hierarchies(mounts):
    """(folder, file system, options) of each hierarchy of control groups in /proc/mounts."""
    found = []
    for line in mounts.splitlines():
        _, folder, kind, options = line.split()[:4]
        if kind == "cgroup2":
            found.append((folder, kind, ""))
        elif kind == "cgroup":
            common = ("rw", "ro", "relatime", "nosuid", "nodev", "noexec")
            own = [option for option in options.split(",") if option not in common]
            # One without a controller has a name only.
            found.append((folder, kind, ",".join(["none", *own] if "name=" in options else own)))
    return found


class BootedDebian:
    """The Debian in `root` (a DebianRoot with systemd), up and running. It sees no network but its loopback."""

    def __init__(self, root):
        self.root = root
        self.name = re.sub("[^A-Za-z0-9]", "-", root.path.parent.name)
        self.groups, mounted = [], []
        try:
            for folder, kind, options in hierarchies(pathlib.Path("/proc/mounts").read_text()):
                self.own_group(pathlib.Path(folder))
                relative = os.path.relpath(folder, CONTROL_GROUPS)
                mounted.append(f"{relative}:{kind}:{options}")
            # Services are started: outside of a booted system the package must not.
            (root.path / "usr/sbin/policy-rc.d").unlink()
            self.process = self.boot(mounted)
            self.init = report.wait_for("systemd as the first process", self.first_process, timeout_s=20)
            report.wait_for("the end of the boot", self.is_up, timeout_s=60)
        except (OSError, report.Failure) as error:
            self.close()
            raise report.Skip(f"this machine lets nobody boot a systemd of his own: {error}") from error

    def own_group(self, hierarchy):
        group = hierarchy / self.name
        group.mkdir()
        self.groups.append(group)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            # A new group of the first version has none of either and takes no process.
            if (group / setting).exists() and (hierarchy / setting).exists():
                (group / setting).write_text((hierarchy / setting).read_text())

    def boot(self, mounted):
        enter = "".join(f"echo $$ > {group}/cgroup.procs && " for group in self.groups)
        command = ["unshare", "--cgroup", "--mount", "--pid", "--fork", "--kill-child", "--net", "--uts", "--ipc",
                   "sh", "-c", BOOT, "sh", str(self.root.path), " ".join(mounted), " ".join(DEVICES)]
        with open(self.root.path.parent / "boot.log", "wb") as log:
            return subprocess.Popen(["sh", "-c", f'{enter}exec "$@"', "sh", *command], stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log)

    def first_process(self):
        report.expect(self.process.poll() is None, (self.root.path.parent / "boot.log").read_text())
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        # It has become systemd only when all is mounted.
        named = [child for child in children if pathlib.Path(f"/proc/{child}/comm").read_text() == "systemd\n"]
        return int(named[0]) if named else None

    def is_up(self):
        result = subprocess.run(self.command("systemctl", "is-system-running"), capture_output=True, text=True,
                                env=chroot.ENVIRONMENT, check=False)
        report.expect(self.process.poll() is None, "systemd has ended")
        return result.stdout.strip() in ("running", "degraded")

    def command(self, *arguments):
        return ["nsenter", "--target", str(self.init), "--all", *map(str, arguments)]

    def network(self):
        """What runs a program of this machine in its network."""
        return ["nsenter", f"--net=/proc/{self.init}/ns/net"]

    def run(self, *arguments, timeout_s=120):
        return report.run(*self.command(*arguments), timeout_s=timeout_s, env=chroot.ENVIRONMENT)

    def unit(self, name, setting):
        """A property of a unit, as `systemctl show` tells it."""
        return self.run("systemctl", "show", "--property", setting, "--value", name).strip()

    def close(self):
        if getattr(self, "process", None):
            # With its first process all others of the namespace end; the group of each then becomes empty.
            self.process.kill()
            self.process.wait()
        for group in self.groups:
            remove_group(group)


def remove_group(group):
    """Removes a control group and those below it, deepest first; processes that have just ended may still count."""
    def gone():
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                pass
            except OSError:
                return False
        return True
    report.wait_for(f"the end of {group}", gone, timeout_s=20)
