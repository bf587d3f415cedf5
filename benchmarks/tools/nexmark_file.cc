// Writes Nexmark's events to a file, one line of JSON each, for those who cannot link the
// generator:
//   nexmark_file --records N --output PATH
#include <cstdio>
#include <cstdlib>
#include <string>

#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/nexmark/event_json.h"

int main(int argc, char** argv) {
  using namespace benchmarks;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  const char* const path = Argument(argc, argv, "--output");
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
