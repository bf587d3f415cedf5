"""An API server of Kubernetes with its store and its controllers, on loopback; the test itself plays the nodes.

Pods come into being, are counted, replaced and refused by Kubernetes' own programs; that they run is said by
ControlPlane.make_ready. Nothing is scheduled and no container is started.
"""

import json
import os
import pathlib
import secrets
import shutil
import socket
import subprocess

import report
from report import run, wait_for

TOOLS_SOURCE = pathlib.Path(__file__).resolve().parent / "kubernetes"
# What is built, and from where.
TOOLS = {"etcd": "go.etcd.io/etcd/server/v3", "helm": "helm.sh/helm/v3/cmd/helm", "validate": ".",
         "kubectl": "k8s.io/kubernetes/cmd/kubectl", "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
         "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager"}
CONTROLLERS = ("statefulset-controller", "disruption-controller", "job-controller", "namespace-controller",
               "serviceaccount-controller", "garbage-collector-controller", "endpointslice-controller")
LEAST_GO = (1, 24)
# What Kubernetes' own build tells its programs; clients ask for it.
VERSION = {"gitVersion": "v1.33.3", "gitMajor": "1", "gitMinor": "33"}


def build_tools(folder):
    """Helm and Kubernetes, compiled from Go modules at the versions of go.mod. A quarter of an hour the first time."""
    if shutil.which("go") is None:
        raise report.Skip("go is not installed")
    version = run("go", "env", "GOVERSION", cwd=TOOLS_SOURCE).strip().removeprefix("go")
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_GO:
        raise report.Skip(f"go {version} is older than {'.'.join(map(str, LEAST_GO))}")
    environment = dict(os.environ, GOFLAGS="-mod=readonly -buildvcs=false", GOTOOLCHAIN="local")
    fetched = subprocess.run(["go", "mod", "download"], cwd=TOOLS_SOURCE, env=environment, capture_output=True,
                             text=True, check=False)
    if fetched.returncode != 0:
        raise report.Skip(f"the Go modules cannot be fetched: {fetched.stderr[-500:]}")
    folder.mkdir(parents=True, exist_ok=True)
    link = "-s -w " + " ".join(f"-X k8s.io/component-base/version.{name}={text}" for name, text in VERSION.items())
    for name, package in TOOLS.items():
        run("nice", "-n", "10", "go", "build", "-ldflags", link, "-o", folder / name, package, cwd=TOOLS_SOURCE,
            env=environment, timeout_s=3600)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class ControlPlane:
    def __init__(self, tools, folder):
        self.tools = tools
        self.folder = pathlib.Path(folder)
        self.kubeconfig = self.folder / "kubeconfig"
        self.environment = dict(os.environ, KUBECONFIG=str(self.kubeconfig), HOME=str(self.folder))
        self.processes = []

    # ---- its processes

    def start(self):
        self._start_store()
        self._start_api_server()
        self._start_process("kube-controller-manager", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false",
                            f"--controllers={','.join(CONTROLLERS)}", "--secure-port=0")

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def _start_process(self, name, *arguments):
        with (self.folder / f"{name}.log").open("w") as log:
            self.processes.append(subprocess.Popen([self.tools / name, *arguments], stdout=log, stderr=log,
                                                   env=self.environment, cwd=self.folder))

    def _start_store(self):
        self.store = f"http://127.0.0.1:{free_port()}"
        peer = f"http://127.0.0.1:{free_port()}"
        self._start_process("etcd", "--data-dir", self.folder / "etcd", "--unsafe-no-fsync", "--log-level", "warn",
                            "--listen-client-urls", self.store, "--advertise-client-urls", self.store,
                            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                            "--initial-cluster", f"default={peer}")

    def _start_api_server(self):
        port, token = free_port(), secrets.token_hex(16)
        key, tokens = self.folder / "accounts.key", self.folder / "tokens.csv"
        run("openssl", "genrsa", "-out", key, "2048")
        tokens.write_text(f'{token},tester,tester,"system:masters"\n')
        tokens.chmod(0o600)
        certificates = self.folder / "certificates"
        self._start_process(
            "kube-apiserver", f"--etcd-servers={self.store}", "--bind-address=127.0.0.1", f"--secure-port={port}",
            f"--cert-dir={certificates}", "--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}", f"--token-auth-file={tokens}")
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": f"https://127.0.0.1:{port}", "certificate-authority": str(certificates / "apiserver.crt")}}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}))
        self.kubeconfig.chmod(0o600)
        wait_for("the API server", self._is_ready, 120)

    def _is_ready(self):
        for process in self.processes:
            if process.poll() is not None:
                name = pathlib.Path(process.args[0]).name
                raise report.Failure(f"{name} has ended:\n" + (self.folder / f"{name}.log").read_text()[-3000:])
        return self.attempt("get", "--raw", "/readyz").returncode == 0

    # ---- what is asked of it

    def attempt(self, *arguments, tool="kubectl", given=None):
        return subprocess.run([self.tools / tool, *map(str, arguments)], env=self.environment, capture_output=True,
                              text=True, timeout=120, check=False, input=given)

    def kubectl(self, *arguments, given=None):
        return self._succeed("kubectl", arguments, given)

    def helm(self, *arguments):
        return self._succeed("helm", arguments, None)

    def _succeed(self, tool, arguments, given):
        result = self.attempt(*arguments, tool=tool, given=given)
        if result.returncode != 0:
            raise report.Failure(f"{tool} {' '.join(map(str, arguments))}: {result.stdout}{result.stderr}")
        return result.stdout

    def get(self, namespace, *arguments):
        return json.loads(self.kubectl("-n", namespace, "get", *arguments, "-o", "json"))

    def make_namespace(self, name):
        """As the page says: with the pod security standard enforced."""
        self.kubectl("create", "namespace", name)
        self.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")

    def pods(self, namespace, component):
        return self.get(namespace, "pods", "-l", f"app.kubernetes.io/component={component}")["items"]

    # ---- what a node would say

    def set_status(self, namespace, name, status):
        """False when the pod is gone."""
        result = self.attempt("-n", namespace, "patch", "pod", name, "--subresource=status", "--type=merge", "-p",
                              json.dumps({"status": status}))
        if result.returncode != 0 and "NotFound" not in result.stderr:
            raise report.Failure(result.stderr)
        return result.returncode == 0

    def make_ready(self, namespace, pod):
        name = pod["metadata"]["name"]
        conditions = [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")]
        return self.set_status(namespace, name, {"phase": "Running", "conditions": conditions})

    def end_with(self, namespace, pod, exit_code):
        self.set_status(namespace, pod["metadata"]["name"], {
            "phase": "Failed" if exit_code else "Succeeded", "containerStatuses": [{
                "name": "weir", "image": "weir", "imageID": "", "ready": False, "restartCount": 0,
                "state": {"terminated": {"exitCode": exit_code}}}]})


def is_ready(pod):
    return any(condition["type"] == "Ready" and condition["status"] == "True"
               for condition in pod["status"].get("conditions", []))
