// Nexmark's events as a file, one line of JSON each, for those who cannot link the generator:
//   nexmark_file --write PATH --records N
//   nexmark_file --read PATH                 prints count and hash of its bids, as limits do
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/nexmark/event_json.h"

namespace benchmarks {
namespace {

int Write(const char* path, std::int64_t records) {
  std::FILE* const file = std::fopen(path, "w");
  if (file == nullptr) {
    std::perror(path);
    return 1;
  }
  const nexmark::Generator generator;
  std::string line;
  bool written = true;
  for (std::int64_t i = 0; i < records && written; ++i) {
    line.clear();
    nexmark::AppendJson(generator, generator.IdOf(i), line);
    line += '\n';
    written = std::fwrite(line.data(), 1, line.size(), file) == line.size();
  }
  if (std::fclose(file) != 0 || !written) {
    std::perror(path);
    return 1;
  }
  return 0;
}

int Read(const char* path) {
  Digest digest;
  for (const nexmark::BidWithStrings& bid : nexmark::ReadBids(path)) digest.Add(HashOf(bid));
  std::printf("{\"count\": %" PRIu64 ", \"hash\": \"%016" PRIx64 "\"}\n", digest.count, digest.sum);
  return 0;
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  try {
    if (argc == 3 && std::string(argv[1]) == "--read") return Read(argv[2]);
    return Write(Argument(argc, argv, "--write"), std::atoll(Argument(argc, argv, "--records")));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "nexmark_file: %s\n", error.what());
    return 1;
  }
}
