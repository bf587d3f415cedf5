#!/bin/sh
# generate.sh FOLDER: writes the plain manifests there, which are what the chart renders with its default values as
# release `weir`, without the marks of Helm. HELM names another program than `helm`.
set -eu

here="$(cd "$(dirname "$0")" && pwd)"
folder="${1:?generate.sh needs a folder}"

render() {
  file="$1"
  shift
  # Helm's own idea of a Kubernetes version depends on how it was built.
  rendered="$("${HELM:-helm}" template weir "${here}/chart/weir" --namespace weir --kube-version 1.26.0 \
    --set checkpoints.keep=false --set metadata.keep=false "$@")"
  {
    echo "# Made by deploy/kubernetes/generate.sh; do not edit."
    printf '%s\n' "${rendered}" | sed '/^# Source: /d; /^ *helm.sh\/chart: /d; /^ *app.kubernetes.io\/managed-by: /d'
  } >"${folder}/${file}"
}

render weir.yaml
render submission.yaml --values "${here}/chart/weir/examples/submission.yaml" --show-only templates/submissions.yaml
