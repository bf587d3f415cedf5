#!/bin/sh
# Submits the sample job as soon as the JobManager answers, unless it runs already (a JobManager that comes back has it
# from its metadata store). Exit codes are those of `weir`; 3: no JobManager within a minute.
set -eu

readonly rest=jobmanager:8081

attempts=60
until weir status -m "${rest}" >/dev/null; do
  attempts=$((attempts - 1))
  if [ "${attempts}" -eq 0 ]; then
    echo "submit: no JobManager at ${rest}" >&2
    exit 3
  fi
  sleep 1
done

running="$(weir list -m "${rest}")"
case "${running}" in
  *processed*)
    echo "submit: the sample job runs already"
    exit 0
    ;;
esac
exec weir run --detached -m "${rest}" --parallelism "${WEIR_PARALLELISM:-2}" \
  /usr/lib/weir/examples/processed.so --bootstrap-servers kafka:9092
