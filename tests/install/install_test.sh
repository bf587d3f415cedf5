#!/usr/bin/env bash
# install_test.sh BUILD_TREE: uses the SDK of a build tree from outside. Ends with `N passed, N failed`.
set -uo pipefail

build_tree="$1"
source_tree="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
folder="$(mktemp -d)"
trap 'rm -rf "${folder}"' EXIT
prefix="${folder}/prefix"
passed=0 failed=0

# check NAME COMMAND…: one case; the command's output is shown when it fails.
check() {
  local name="$1"
  shift
  if "$@" >"${folder}/output" 2>&1; then
    printf 'passed  %s\n' "${name}"
    passed=$((passed + 1))
  else
    printf 'FAILED  %s\n' "${name}"
    sed 's/^/        /' "${folder}/output"
    failed=$((failed + 1))
  fi
}

install_sdk() { cmake --install "${build_tree}" --component sdk --prefix "${prefix}"; }

# Together and without any folder of the source tree; that each compiles alone, tests/repository sees.
headers_compile() {
  local headers
  mapfile -t headers < <(cd "${prefix}/include" && find weir -name '*.h' -not -path '*/internal/*')
  [[ ${#headers[@]} -gt 0 ]] &&
    printf '#include <%s>\n' "${headers[@]}" |
    c++ -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I "${prefix}/include" -x c++ -
}

# The first C++ block of the README, so that what people copy is what is tested.
extract_readme_job() {
  awk '/^```cpp$/ {on = 1; next} /^```$/ {if (on) exit} on' "${source_tree}/README.md" >"${folder}/first_job.cc"
  [[ -s ${folder}/first_job.cc ]]
}

# build_job FOLDER SOURCE [CMAKE_ARGUMENT…]
build_job() {
  local tree="${folder}/$1" source="$2"
  shift 2
  cmake -S "${source_tree}/tests/install/job" -B "${tree}" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="${prefix}" -DSOURCE="${source}" "$@" && cmake --build "${tree}"
}

shows_only_its_entry_point() {
  local symbols
  symbols="$(nm -D --defined-only "${folder}/job/first_job.so" | awk '{print $3}')" || return 1
  echo "exported: ${symbols}"
  [[ ${symbols} == weir_plugin_record ]]
}

carries_the_note() {
  local notes
  notes="$(readelf --notes "${folder}/job/first_job.so")" || return 1
  echo "${notes}"
  grep -q '\bWeir\b' <<<"${notes}"
}

# An error of the linker that names the symbol, not of the worker later.
undefined_symbol_is_refused() {
  { cat "${folder}/first_job.cc" && printf 'void Nowhere();\nvoid Call() { Nowhere(); }\n' &&
    printf '__attribute__((used)) static void (*keep)() = &Call;\n'; } >"${folder}/undefined.cc"
  if build_job undefined "${folder}/undefined.cc" >"${folder}/link" 2>&1; then return 1; fi
  cat "${folder}/link"
  grep -q 'undefined.*Nowhere' "${folder}/link"
}

other_compiler_is_warned_about() {
  local output
  output="$(cmake -S "${source_tree}/tests/install/job" -B "${folder}/clang" -G Ninja \
    -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_PREFIX_PATH="${prefix}" -DSOURCE="${folder}/first_job.cc" 2>&1)"
  echo "${output}"
  grep -q 'Workers refuse plugins of another compiler ABI' <<<"$(tr -s ' \n' ' ' <<<"${output}")"
}

check "the SDK installs" install_sdk
check "public headers compile against the installation" headers_compile
check "the README has a first job" extract_readme_job
check "the first job builds outside the tree" build_job job "${folder}/first_job.cc"
check "the plugin shows its entry point and nothing else" shows_only_its_entry_point
check "the plugin carries its ABI note" carries_the_note
check "an undefined symbol is refused when the plugin is linked" undefined_symbol_is_refused
check "another compiler is warned about" other_compiler_is_warned_about

printf '%d passed, %d failed\n' "${passed}" "${failed}"
[[ ${failed} -eq 0 ]]
