"""Podman with settings of its own, and the images that tests run: Debian, Weir, Kafka. Names are the folder's."""

import os
import pathlib
import re
import shutil
import subprocess

import chroot
import report

SOURCE = pathlib.Path(__file__).resolve().parents[2]
# Lowered, because a sandbox may allow no more; runc works where crun does not.
CONTAINERS_CONF = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


class Podman:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.environment = dict(os.environ, CONTAINERS_CONF=str(self.folder / "containers.conf"))
        # A folder's name may have what an image's must not begin or end a part with.
        self.name = re.sub("[^a-z0-9-]", "x", self.folder.name)
        self.image = f"localhost/{self.name}"
        self.base = f"{self.image}-base"
        self.images = []

    def __call__(self, *arguments, **options):
        # conmon notes a container's want of memory in a file where it was started.
        return report.run("podman", *arguments, env=self.environment, cwd=self.folder, **options)

    def prepare(self, *programs):
        if os.geteuid() != 0:
            raise report.Skip("containers with networks and limits need root here")
        for program in ("podman", "runc", "debootstrap", *programs):
            if shutil.which(program) is None:
                raise report.Skip(f"{program} is not installed")
        (self.folder / "containers.conf").write_text(CONTAINERS_CONF)

    def import_debian(self, cache):
        archive = pathlib.Path(cache) / f"debian-{chroot.RELEASE}.tar"
        if not archive.exists():
            chroot.make_archive(archive)
        self("import", "--change", "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin", archive, self.base)
        self.images.append(self.base)

    def build(self, name, dockerfile, context, *options):
        # Layers that are kept do not know what packages were mounted when they were made.
        self("build", "--quiet", "--no-cache", "--format", "docker", "--isolation", "chroot", "--file", dockerfile,
             "--tag", name, "--build-arg", f"BASE_IMAGE={self.base}", "--build-arg",
             f"APT_MIRROR={chroot.debian_mirror()}", *options, context)
        self.images.insert(0, name)

    def build_weir(self, packages):
        self.build(self.image, SOURCE / "deploy/docker/Dockerfile", SOURCE, "--build-arg", "REVISION=0123abc",
                   "--build-context", f"packages={packages}")

    def remove_images(self):
        subprocess.run(["podman", "rmi", "--force", *self.images], env=self.environment, capture_output=True,
                       check=False)
