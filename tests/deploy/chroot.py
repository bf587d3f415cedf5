"""A fresh Debian in a folder."""

import os
import pathlib
import re
import shutil
import subprocess

import report

# The release that packages and images are made for.
RELEASE = "bookworm"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
               "HOME": "/"}


def debian_mirror():
    """Where this machine takes Debian's packages from: the first archive that its apt knows."""
    configured = os.environ.get("WEIR_APT_MIRROR")
    if configured:
        return configured
    folder = pathlib.Path("/etc/apt")
    for path in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]:
        for line in path.read_text().splitlines() if path.is_file() else []:
            found = re.match(r"(?:URIs:|deb\s+(?:\[[^]]*\]\s+)?)\s*(https?://\S+/debian)/?(?:\s|$)", line)
            if found:
                return found.group(1)
    raise report.Skip("apt of this machine names no archive of Debian")


class DebianRoot:
    """A minimal Debian, unpacked into `folder`. Made once for each cache; every test has a copy."""

    def __init__(self, cache, folder):
        if os.geteuid() != 0:
            raise report.Skip("a file system of its own needs root")
        if shutil.which("debootstrap") is None:
            raise report.Skip("debootstrap is not installed")
        self.path = pathlib.Path(folder)
        archive = pathlib.Path(cache) / f"debian-{RELEASE}.tar"
        if not archive.exists():
            make_archive(archive)
        self.path.mkdir(parents=True)
        report.run("tar", "-xf", archive, "-C", self.path)
        shutil.copy("/etc/resolv.conf", self.path / "etc/resolv.conf")
        (self.path / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        os.chmod(self.path / "usr/sbin/policy-rc.d", 0o755)

    def command(self, *arguments):
        """The command line that runs `arguments` in here."""
        inner = ["chroot", str(self.path), *map(str, arguments)]
        # A mount namespace of its own: what is mounted goes with the last process.
        mounts = f"mount -t proc proc {self.path}/proc && mount --rbind /dev {self.path}/dev && exec \"$@\""
        return ["unshare", "--mount", "sh", "-c", mounts, "sh", *inner]

    def run(self, *arguments, timeout_s=900):
        return report.run(*self.command(*arguments), timeout_s=timeout_s, env=ENVIRONMENT)

    def install(self, *packages):
        self.run("apt-get", "-qq", "update")
        self.run("apt-get", "-qq", "-y", "--no-install-recommends", "install", *packages)

    def remove(self):
        shutil.rmtree(self.path)


def make_archive(archive):
    folder = archive.with_suffix(".making")
    subprocess.run(["rm", "-rf", folder], check=True)
    archive.parent.mkdir(parents=True, exist_ok=True)
    report.run("debootstrap", "--variant=minbase", RELEASE, folder, debian_mirror(), timeout_s=600)
    # Under its name only when it is whole.
    report.run("tar", "-cf", archive.with_suffix(".part"), "-C", folder, "--one-file-system", ".")
    archive.with_suffix(".part").rename(archive)
    subprocess.run(["rm", "-rf", folder], check=True)
