#!/bin/sh
# Whether the server in this container works: a JobManager answers a REST request (at WEIR_REST_PORT where rest.port is
# not the default); a TaskManager's process is there: while its JobManager is away it tries on, and ending it helps
# nobody.
set -eu

if pidof weir-jobmanager >/dev/null; then
  exec weir status -m "127.0.0.1:${WEIR_REST_PORT:-8081}" >/dev/null
fi
exec pidof weir-taskmanager >/dev/null
