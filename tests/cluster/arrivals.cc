#include "tests/cluster/arrivals.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

namespace weir::cluster_test {
namespace {

void ForEachFile(const std::string& folder, const std::string& prefix, const std::string& extension,
                 const std::function<void(const std::filesystem::path&)>& visit) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() == extension && path.filename().string().starts_with(prefix)) visit(path);
  }
}

std::uint64_t CountRecords(const std::string& folder, const std::string& prefix) {
  std::uint64_t records = 0;
  ForEachFile(folder, prefix, ".records", [&records](const std::filesystem::path& path) {
    records += std::filesystem::file_size(path) / sizeof(ArrivedRecord);
  });
  return records;
}

ArrivalSummary Summarize(const std::string& folder, const std::string& prefix) {
  ArrivalSummary sum;
  ForEachFile(folder, prefix, ".summary", [&sum](const std::filesystem::path& path) {
    ArrivalSummary part;
    std::ifstream file(path, std::ios::binary);
    if (!file.read(reinterpret_cast<char*>(&part), sizeof part))
      return;  // nothing arrived there yet
    sum.records += part.records;
    sum.from_second_input += part.from_second_input;
    sum.worst_latency_ms = std::max(sum.worst_latency_ms, part.worst_latency_ms);
  });
  return sum;
}

}  // namespace

std::vector<ArrivedRecord> ReadArrivals(const std::string& folder) {
  std::vector<ArrivedRecord> records;
  ForEachFile(folder, "", ".records", [&records](const std::filesystem::path& path) {
    const std::size_t count = std::filesystem::file_size(path) / sizeof(ArrivedRecord);
    const std::size_t before = records.size();
    records.resize(before + count);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(records.data() + before),
              static_cast<std::streamsize>(count * sizeof(ArrivedRecord)));
  });
  return records;
}

std::uint64_t CountArrivals(const std::string& folder) {
  return CountRecords(folder, "");
}
std::uint64_t CountArrivals(const std::string& folder, std::uint32_t sink_subtask) {
  return CountRecords(folder, std::to_string(sink_subtask) + "-");
}

ArrivalSummary ReadSummary(const std::string& folder) {
  return Summarize(folder, "");
}
std::uint64_t CountSummary(const std::string& folder, std::uint32_t sink_subtask) {
  return Summarize(folder, std::to_string(sink_subtask) + "-").records;
}

std::vector<std::uint32_t> Occurrences(const std::vector<ArrivedRecord>& arrivals,
                                       std::uint32_t source_subtask, std::int64_t records) {
  std::vector<std::uint32_t> counts(static_cast<std::size_t>(records));
  for (const ArrivedRecord& record : arrivals) {
    if (record.source_subtask != source_subtask || record.value < 0 || record.value >= records)
      continue;
    ++counts[static_cast<std::size_t>(record.value)];
  }
  return counts;
}

}  // namespace weir::cluster_test
