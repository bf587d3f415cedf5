"""A cluster of real processes on loopback, driven through its REST API."""

import contextlib
import http.client
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import uuid

from harness import processes

_ENDED = ("FINISHED", "FAILED", "CANCELED")


class LocalCluster:
    """One JobManager and some TaskManagers. Use as a context manager."""

    def __init__(self, build, task_managers, slots, settings=()):
        """`settings`: further "-Dkey=value" of all servers."""
        self.build = build
        self.settings = settings
        self.task_manager_count = task_managers
        self.slots = slots
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="weir-benchmark-"))
        self.job_manager = None
        self.task_managers = []
        self.started = 0  # TaskManagers, those that were replaced included
        self.rpc_address = ()
        self.connection = None
        self.plugins = {}
        self.start_ms = {}

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _start(self):
        begin = time.monotonic()
        address_file = self.directory / "addresses.json"
        self.job_manager = self._spawn("weir-jobmanager", "-Djobmanager.rpc.port=0", "-Drest.port=0",
                                       f"-Dprocess.working-dir={self.directory}/jobmanager",
                                       "--address-file", str(address_file))
        addresses = json.loads(processes.wait_until(
            "the JobManager's addresses", lambda: processes.read_if_complete(address_file), 30,
            alive=[self.job_manager]))
        host, port = addresses["rest"].rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=30)
        self.get("/v1/overview")
        ready = time.monotonic()
        self.rpc_address = addresses["rpc"].rsplit(":", 1)
        self._start_task_managers()
        self.start_ms = {"jobmanager": (ready - begin) * 1000, "taskmanagers": (time.monotonic() - ready) * 1000,
                         "cluster": (time.monotonic() - begin) * 1000}

    def _start_task_managers(self):
        host, port = self.rpc_address
        while len(self.task_managers) < self.task_manager_count:
            self.task_managers.append(self._spawn(
                "weir-taskmanager", f"-Djobmanager.rpc.address={host}", f"-Djobmanager.rpc.port={port}",
                f"-Dtaskmanager.id=taskmanager-{self.started}", f"-Dtaskmanager.numberOfTaskSlots={self.slots}",
                f"-Dprocess.working-dir={self.directory}/taskmanager-{self.started}"))
            self.started += 1
        processes.wait_until("the TaskManagers to register",
                             lambda: self.get("/v1/overview")["taskmanagers"] == self.task_manager_count, 30,
                             alive=self.servers())

    def task_manager(self, name):
        """Its process, by taskmanager.id."""
        return next(p for p in self.task_managers if f"-Dtaskmanager.id={name}" in p.args)

    def replace_ended(self):
        """New TaskManagers, of other names, for those that have been killed."""
        self.task_managers = [process for process in self.task_managers if process.poll() is None]
        self._start_task_managers()

    def _spawn(self, name, *arguments):
        log = self.directory / f"{name}-{self.started}.log"
        with open(log, "wb") as output:
            return subprocess.Popen([self.build / "bin" / name, *arguments, *self.settings], stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=subprocess.STDOUT, start_new_session=True)

    def servers(self):
        return [process for process in (self.job_manager, *self.task_managers) if process is not None]

    def pids(self):
        return [process.pid for process in self.servers()]

    def stop(self):
        if self.connection is not None:
            self.connection.close()
        failure = None
        for process in reversed(self.servers()):
            try:
                processes.stop(process)
            except processes.BenchmarkError as error:
                failure = error
        if failure is not None:
            raise failure
        shutil.rmtree(self.directory)

    # --- REST

    def request(self, method, path, body=None, content_type="application/json"):
        self.connection.request(method, path, body, {"Content-Type": content_type} if body is not None else {})
        response = self.connection.getresponse()
        text = response.read().decode()
        if response.status >= 300:
            raise processes.BenchmarkError(f"{method} {path}: {response.status} {text}")
        return json.loads(text) if text.strip() else {}

    def get(self, path):
        return self.request("GET", path)

    def upload(self, plugin):
        """The id of the plugin, which is sent once."""
        if plugin not in self.plugins:
            boundary = uuid.uuid4().hex
            head = (f'--{boundary}\r\nContent-Disposition: form-data; name="jarfile"; filename="{plugin.name}"\r\n'
                    "Content-Type: application/octet-stream\r\n\r\n")
            body = head.encode() + plugin.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
            answer = self.request("POST", "/v1/jars/upload", body, f"multipart/form-data; boundary={boundary}")
            self.plugins[plugin] = answer["filename"].rsplit("/", 1)[-1]
        return self.plugins[plugin]

    def run(self, plugin, entry, parallelism, arguments):
        body = {"entryClass": entry, "parallelism": parallelism, "programArgsList": [str(a) for a in arguments]}
        return self.request("POST", f"/v1/jars/{self.upload(plugin)}/run", json.dumps(body))["jobid"]

    def job(self, job):
        """Its details; a job that failed is an error with its cause."""
        details = self.get(f"/v1/jobs/{job}")
        if details["state"] == "FAILED":
            causes = self.get(f"/v1/jobs/{job}/exceptions")
            raise processes.BenchmarkError(f"the job failed: {json.dumps(causes)[:2000]}")
        return details

    def wait_until_running(self, job, timeout_s=60):
        def running():
            details = self.job(job)
            return details["state"] == "RUNNING" and all(v["status"] == "RUNNING" for v in details["vertices"])
        processes.wait_until("the job to run", running, timeout_s, interval_s=0.0005, alive=self.servers())

    def wait_until_ended(self, job, timeout_s=120):
        processes.wait_until("the job to end", lambda: self.job(job)["state"] in _ENDED, timeout_s, interval_s=0.01,
                             alive=self.servers())

    def cancel(self, job):
        self.request("PATCH", f"/v1/jobs/{job}?mode=cancel")
        self.wait_until_ended(job)


class ClusterPool:
    """Keeps one cluster per shape for the length of a run, so that rounds do not pay for its start."""

    def __init__(self, build):
        self.build = build
        self.stack = contextlib.ExitStack()
        self.clusters = {}

    def get(self, task_managers, slots):
        shape = (task_managers, slots)
        if shape not in self.clusters:
            self.clusters[shape] = self.stack.enter_context(LocalCluster(self.build, *shape))
        return self.clusters[shape]

    def close(self):
        self.stack.close()
