#!/bin/sh
# compile_in_place.sh COMPILER OTHER_COMPILER ARGUMENT…
# A compiler launcher: runs COMPILER, through ccache where there is one, in place of OTHER_COMPILER.
set -eu
compiler="$1"
shift 2
# A precompiled header that is there already would be read while it is made anew, whoever made it.
for argument in "$@"; do
  case "${argument}" in
    *.gch) rm -f "${argument}" ;;
  esac
done
if command -v ccache >/dev/null; then
  exec ccache "${compiler}" "$@"
fi
exec "${compiler}" "$@"
