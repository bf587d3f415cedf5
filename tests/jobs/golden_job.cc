#include "tests/jobs/golden_job.h"

#include <chrono>
#include <cstdint>
#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <weir/connectors/file_sink.h>

#include "tests/unit/connectors_files/forwarding_files.h"

namespace weir::golden {
namespace {

// The machine's files, of which each read takes a while: several readers that share some twenty
// parts of files are busy for about as long as the input shall last.
class SlowFiles final : public files::ForwardingFiles {
 public:
  explicit SlowFiles(double input_seconds) : wait_(input_seconds / kReads) {}

  Result<std::unique_ptr<files::ReadableFile>> OpenForReading(
      const std::string& path) const override {
    WEIR_ASSIGN_OR_RETURN(auto file, ForwardingFiles::OpenForReading(path));
    return std::unique_ptr<files::ReadableFile>(std::make_unique<SlowFile>(std::move(file), wait_));
  }

 private:
  static constexpr double kReads = 20;

  class SlowFile final : public files::ReadableFile {
   public:
    SlowFile(std::unique_ptr<files::ReadableFile> file, std::chrono::duration<double> wait)
        : file_(std::move(file)), wait_(wait) {}
    // The connector's own thread; time is what this file system is about.
    Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> bytes) override {
      std::this_thread::sleep_for(wait_);
      return file_->ReadAt(offset, bytes);
    }

   private:
    const std::unique_ptr<files::ReadableFile> file_;
    const std::chrono::duration<double> wait_;
  };

  const std::chrono::duration<double> wait_;
};

}  // namespace

std::vector<std::string> Words(std::string_view line) {
  std::istringstream text{std::string(line)};
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

void GoldenJob::Expect(const DataStream<std::string>& results, Order order,
                       const std::string& file) {
  if (world_.only_files) {
    ExpectFiles(results, files::FileSink(TextFormat(), world_.output), order, file);
    return;
  }
  order_ = order;
  expected_file_ = file;
  results.SinkTo(sink_);
}

std::shared_ptr<const files::FileSystem> GoldenJob::file_system() const {
  if (world_.input_seconds == 0) return files::LocalFileSystem();
  return std::make_shared<const SlowFiles>(world_.input_seconds);
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
