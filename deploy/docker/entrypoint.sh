#!/bin/sh
# entrypoint.sh ROLE [ARGUMENT…]: ROLE is jobmanager, taskmanager or a command of `weir`.
# Exit codes are those of the program; 2: wrong arguments or settings.
set -eu

readonly config="${WEIR_CONF_DIR:-/etc/weir}/config.yaml"

if [ $# -eq 0 ]; then set -- help; fi
role="$1"
shift

# Secrets come as a file of such lines, so that nobody reads them in the container's description.
if [ -n "${WEIR_PROPERTIES_FILE:-}" ]; then
  if [ ! -r "${WEIR_PROPERTIES_FILE}" ]; then
    echo "entrypoint: cannot read WEIR_PROPERTIES_FILE ${WEIR_PROPERTIES_FILE} as $(id -u):$(id -g)" >&2
    exit 2
  fi
  WEIR_PROPERTIES="${WEIR_PROPERTIES:-}
$(cat "${WEIR_PROPERTIES_FILE}")"
  export WEIR_PROPERTIES
fi

case "${role}" in
  jobmanager | taskmanager)
    if [ ! -r "${config}" ]; then
      echo "entrypoint: cannot read ${config} as $(id -u):$(id -g); mount it readable, or leave it out" >&2
      exit 2
    fi
    exec "weir-${role}" --config "${config}" "$@"
    ;;
  help | -h | --help)
    echo "Arguments of this image: jobmanager | taskmanager [-Dkey=value]…, or a command of weir:"
    exec weir --help
    ;;
  run | info | list | cancel | checkpoint | checkpoints | status | cluster | --version)
    exec weir "${role}" "$@"
    ;;
  *)
    echo "entrypoint: '${role}' is no role; there are jobmanager, taskmanager, and the commands of weir:" >&2
    echo "entrypoint: run, info, list, cancel, checkpoint, checkpoints, status" >&2
    exit 2
    ;;
esac
