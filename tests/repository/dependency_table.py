"""Who may include and link whom. The one place where an edge between modules is allowed.

A new edge is a decision about the architecture: change this table in the same commit and say why in its message.
"""

import dataclasses

ANY = "any"


@dataclasses.dataclass(frozen=True)
class Library:
    """An outside library: the prefixes of its headers and the CMake items that link it."""
    headers: tuple
    link_items: tuple = ()
    # Expensive to parse: only .cc files include it, so that our own headers stay cheap.
    only_in_sources: bool = False


@dataclasses.dataclass(frozen=True)
class Module:
    """`uses`: other modules; `libraries`: outside libraries; `headers`: single POSIX headers, each with its reason."""
    uses: tuple = ()
    libraries: tuple = ()
    headers: tuple = ()
    # Sees only what a job author sees: nothing under weir/internal/.
    public_headers_only: bool = False


LIBRARIES = {
    "grpc": Library(("grpcpp/", "grpc/"), ("weir_rpc_static", "weir_rpc_shared", "weir_rpc_precompiled"), True),
    # Only what names gRPC's threads to ThreadSanitizer sees it (tests/sanitizers).
    "abseil": Library(("absl/",), (), True),
    "sanitizers": Library(("sanitizer/",), (), True),
    "protobuf": Library(("google/protobuf/",), ("weir_rpc_static", "weir_rpc_shared")),
    "boost": Library(("boost/",), ("Boost::headers", "Boost::boost"), True),
    "openssl": Library(("openssl/",), ("OpenSSL::SSL", "OpenSSL::Crypto", "PkgConfig::OPENSSL", "crypto", "ssl"), True),
    "json": Library(("nlohmann/",), ("nlohmann_json::nlohmann_json",), True),
    "spdlog": Library(("spdlog/", "fmt/"), ("spdlog::spdlog", "spdlog::spdlog_header_only", "fmt::fmt-header-only"),
                      True),
    "yaml": Library(("yaml-cpp/",), ("yaml-cpp", "${WEIR_YAML_CPP_ARCHIVE}"), True),
    "cli11": Library(("CLI/",), ("CLI11::CLI11",), True),
    "rdkafka": Library(("librdkafka/",), ("PkgConfig::RDKAFKA",), True),
    "simdjson": Library(("simdjson.h",), ("PkgConfig::SIMDJSON",), True),
    "zlib": Library(("zlib.h",), ("PkgConfig::ZLIB",), True),
    "zstd": Library(("zstd.h",), ("PkgConfig::ZSTD",), True),
    "rocksdb": Library(("rocksdb/",), ("weir_rocksdb", "weir_rocksdb_static", "weir_rocksdb_shared"), True),
    "isal": Library(("isa-l/", "isa-l.h"), ("${WEIR_ISAL}",), True),
    "gtest": Library(("gtest/", "gmock/"), ("GTest::gtest", "GTest::gmock", "GTest::gtest_main")),
    # Instructions of the processor, beside a portable form.
    "intrinsics": Library(("immintrin.h", "x86intrin.h", "nmmintrin.h", "arm_acle.h"), (), True),
    # The C library beyond the C++ standard: POSIX and Linux.
    "posix": Library(
        ("arpa/", "linux/", "net/", "netinet/", "sys/", "dlfcn.h", "elf.h", "execinfo.h", "fcntl.h", "fnmatch.h",
         "glob.h", "ifaddrs.h", "link.h", "netdb.h", "poll.h", "pthread.h", "pwd.h", "sched.h", "semaphore.h",
         "signal.h", "spawn.h", "strings.h", "syslog.h", "termios.h", "ucontext.h", "unistd.h", "cxxabi.h", "dirent.h"),
        ("Threads::Threads", "${CMAKE_DL_LIBS}", "dl")),
}

# Headers that may include a library reserved for .cc files, each with its reason.
HEAVY_HEADERS_ALLOWED = {
    "jobmanager/rest/json_text.h": "includes the forward declarations alone",
}

# Generated headers lie in the build tree; they are included by this path and belong to `proto`.
GENERATED_SUFFIXES = (".pb.h", ".grpc.pb.h")

_SERVER_LIBRARIES = ("grpc", "protobuf", "boost", "openssl", "json", "isal", "intrinsics", "posix")
_TASKMANAGER = ("sdk", "common", "proto", "proto/conversion")
_JOBMANAGER = _TASKMANAGER

MODULES = {
    # Compiled into every job plugin: the standard library alone.
    "sdk": Module(headers=(
        ("dlfcn.h", "ExecuteLocal opens libweir-local.so, so that the SDK does not link the engine"),
        ("sys/mman.h", "segments of keyed state lie on huge pages"),
    )),
    "proto": Module(libraries=("grpc", "protobuf")),
    # Values of the SDK as messages: what both servers send and neither owns.
    "proto/conversion": Module(uses=("sdk", "proto"), libraries=("protobuf",)),
    # Does not see proto, so that it is tested without generated code.
    "common": Module(
        uses=("sdk",), libraries=("boost", "openssl", "spdlog", "yaml", "isal", "json", "intrinsics", "posix")),

    # A connector stands where a job author stands: the public SDK and its own client library.
    "connectors": Module(),
    "connectors/kafka": Module(uses=("sdk",), libraries=("rdkafka", "posix"), public_headers_only=True),
    "connectors/kafka/embedded": Module(uses=("connectors/kafka/sanitizer",), libraries=("rdkafka", "posix")),
    "connectors/kafka/sanitizer": Module(libraries=("posix",), headers=(
        ("threads.h", "it defines the C11 thread functions that librdkafka calls, for ThreadSanitizer"),
    )),
    "connectors/generator": Module(uses=("sdk",), public_headers_only=True),
    "connectors/socket": Module(uses=("sdk",), libraries=("posix",), public_headers_only=True),
    "connectors/files": Module(uses=("sdk",), libraries=("zlib", "zstd", "posix"), public_headers_only=True),
    # Formats: bytes to records and back, whatever the connector.
    "connectors/json": Module(uses=("sdk",), libraries=("simdjson",), public_headers_only=True),
    "connectors/csv": Module(uses=("sdk",), public_headers_only=True),
    "connectors/protobuf": Module(uses=("sdk",), public_headers_only=True),
    "connectors/print": Module(uses=("sdk",), public_headers_only=True),

    # network, state <- checkpoint <- task <- the worker's and the daemon's files.
    "taskmanager/network": Module(uses=_TASKMANAGER, libraries=_SERVER_LIBRARIES),
    # Both workers, for their state, and the supervisor, which outlives them, know where a worker's scratch lies.
    "taskmanager/scratch": Module(uses=("sdk", "common"), libraries=("posix",)),
    "taskmanager/state": Module(
        uses=(*_TASKMANAGER, "taskmanager/scratch"), libraries=(*_SERVER_LIBRARIES, "rocksdb")),
    "taskmanager/checkpoint": Module(
        uses=(*_TASKMANAGER, "taskmanager/network", "taskmanager/state"), libraries=_SERVER_LIBRARIES),
    "taskmanager/task": Module(
        uses=(*_TASKMANAGER, "taskmanager/network", "taskmanager/state", "taskmanager/checkpoint"),
        libraries=_SERVER_LIBRARIES),
    "taskmanager/worker": Module(
        uses=(*_TASKMANAGER, "taskmanager/network", "taskmanager/state", "taskmanager/checkpoint", "taskmanager/task",
              "taskmanager/session"),
        libraries=(*_SERVER_LIBRARIES, "cli11")),
    # How daemon, worker and coordinator reach the JobManager.
    "taskmanager/session": Module(uses=_TASKMANAGER, libraries=_SERVER_LIBRARIES),
    # The daemon: it owns the data port (network) and reads the page that names what a slot runs (task).
    "taskmanager/supervisor": Module(
        uses=(*_TASKMANAGER, "taskmanager/scratch", "taskmanager/session", "taskmanager/network", "taskmanager/task"),
        libraries=(*_SERVER_LIBRARIES, "cli11")),
    "taskmanager": Module(
        uses=(*_TASKMANAGER, "taskmanager/network", "taskmanager/state", "taskmanager/checkpoint", "taskmanager/task",
              "taskmanager/session", "taskmanager/worker", "taskmanager/supervisor"),
        libraries=(*_SERVER_LIBRARIES, "cli11")),

    # graph <- scheduler <- checkpoint <- job <- rest and the server's files; ha beside them.
    "jobmanager/ha": Module(uses=_JOBMANAGER, libraries=_SERVER_LIBRARIES),
    "jobmanager/graph": Module(uses=_JOBMANAGER, libraries=_SERVER_LIBRARIES),
    "jobmanager/scheduler": Module(uses=(*_JOBMANAGER, "jobmanager/graph"), libraries=_SERVER_LIBRARIES),
    "jobmanager/checkpoint": Module(
        uses=(*_JOBMANAGER, "jobmanager/graph", "jobmanager/scheduler"), libraries=_SERVER_LIBRARIES),
    "jobmanager/job": Module(
        uses=(*_JOBMANAGER, "jobmanager/graph", "jobmanager/scheduler", "jobmanager/checkpoint", "jobmanager/ha"),
        libraries=_SERVER_LIBRARIES),
    "jobmanager/rest": Module(
        uses=(*_JOBMANAGER, "jobmanager/graph", "jobmanager/scheduler", "jobmanager/checkpoint", "jobmanager/ha",
              "jobmanager/job"),
        libraries=_SERVER_LIBRARIES),
    "jobmanager": Module(
        uses=(*_JOBMANAGER, "jobmanager/graph", "jobmanager/scheduler", "jobmanager/checkpoint", "jobmanager/ha",
              "jobmanager/job", "jobmanager/rest"),
        libraries=(*_SERVER_LIBRARIES, "cli11")),

    "cli": Module(uses=("sdk", "common", "proto"),
                  libraries=("boost", "openssl", "json", "cli11", "protobuf", "posix")),
    # The only module that sees both servers.
    "minicluster": Module(
        uses=("sdk", "common", "proto", "proto/conversion", "taskmanager", "taskmanager/network", "taskmanager/state",
              "taskmanager/checkpoint", "taskmanager/task", "taskmanager/session", "taskmanager/worker",
              "taskmanager/supervisor", "jobmanager", "jobmanager/graph", "jobmanager/scheduler",
              "jobmanager/checkpoint", "jobmanager/ha", "jobmanager/job", "jobmanager/rest"),
        libraries=("grpc", "protobuf", "posix")),
    # What a job author may use, and nothing else.
    "examples": Module(
        uses=("sdk", "connectors/kafka", "connectors/generator", "connectors/socket", "connectors/files",
              "connectors/json", "connectors/csv", "connectors/protobuf", "connectors/print"),
        public_headers_only=True),
    "benchmarks": Module(uses=ANY, libraries=ANY),
    "tests": Module(uses=ANY, libraries=ANY),
}

# Each of these lists every folder below it: a new one is entered here, with its place in the order.
CLOSED_FOLDERS = ("taskmanager", "jobmanager", "connectors")

# CMake targets that are no module: compiler options.
NEUTRAL_LINK_ITEMS = ("weir_options",)

STANDARD_HEADERS = frozenset("""
algorithm any array atomic barrier bit bitset cassert ccomplex cctype cerrno cfenv cfloat charconv chrono cinttypes
climits clocale cmath codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef
cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque exception execution filesystem format forward_list
fstream functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list locale map
memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator
semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view
syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility valarray
variant vector version
""".split())
