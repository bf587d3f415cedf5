// Measures a limit program and prints what the runner reads: one line of JSON.
#pragma once

#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/resource.h>

#include "benchmarks/workloads/digest.h"
#include "benchmarks/workloads/latency_histogram.h"

namespace benchmarks {

// User and system time of this process or of its children that were waited for.
inline double CpuSeconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Stopwatch {
 public:
  // `latencies`: printed with the rest unless null.
  void Print(const Digest& digest, std::int64_t records,
             const LatencyHistogram* latencies = nullptr) const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start_;
    const double cpu = cpu_seconds();
    std::printf("{\"records\": %" PRId64 ", \"count\": %" PRIu64 ", \"hash\": \"%016" PRIx64
                "\", \"wall_s\": %.6f, \"cpu_s\": %.6f",
                records, digest.count, digest.sum, wall.count(), cpu);
    if (latencies != nullptr) {
      std::printf(", \"latencies\": ");
      latencies->Print(stdout);
    }
    std::printf("}\n");
  }

  // Since it was made, of this process and of its children that were waited for.
  double cpu_seconds() const {
    return CpuSeconds(RUSAGE_SELF) + CpuSeconds(RUSAGE_CHILDREN) - cpu_at_start_;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double cpu_at_start_ = CpuSeconds(RUSAGE_SELF) + CpuSeconds(RUSAGE_CHILDREN);
};

// `--name value` of the command line; ends the process when it is missing.
inline const char* Argument(int count, char** arguments, const char* name) {
  for (int i = 1; i + 1 < count; ++i) {
    if (std::strcmp(arguments[i], name) == 0) return arguments[i + 1];
  }
  std::fprintf(stderr, "usage: %s … %s VALUE\n", arguments[0], name);
  std::exit(2);
}

}  // namespace benchmarks
