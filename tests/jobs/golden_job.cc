#include "tests/jobs/golden_job.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include <weir/connectors/file_sink.h>

namespace weir::golden {

std::vector<std::string> Words(std::string_view line) {
  std::istringstream text{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

void GoldenJob::Expect(const DataStream<std::string>& results, Order order,
                       const std::string& file) {
  order_ = order;
  expected_file_ = file;
  if (world_.output.empty()) {
    results.SinkTo(sink_);
  } else {
    results.SinkTo(files::FileSink(TextFormat(), world_.output)).Uid("results");
  }
}

std::vector<std::string> GoldenJob::ReadLines(const std::string& file) const {
  const std::string path = world_.folder + "/" + file;
  std::ifstream text(path);
  if (!text) throw std::runtime_error("golden job: cannot read " + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.front() != '#') lines.push_back(line);
  }
  return lines;
}

std::vector<RegisteredJob>& RegisteredJobs() {
  static std::vector<RegisteredJob> jobs;
  return jobs;
}

bool RegisterJob(std::string_view source, void (*function)(GoldenJob&)) {
  const std::string_view folder = source.substr(0, source.rfind('/'));
  RegisteredJobs().push_back({std::string(folder.substr(folder.rfind('/') + 1)), function});
  return true;
}

}  // namespace weir::golden
