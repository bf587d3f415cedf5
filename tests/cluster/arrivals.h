// Reads what the test sinks wrote (tests/cluster/jobs/record_file_sink.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/cluster/jobs/arrived_record.h"

namespace weir::cluster_test {

// Of all subtasks and attempts; each file in the order of arrival.
std::vector<ArrivedRecord> ReadArrivals(const std::string& folder);
// How many records arrived so far, without reading them.
std::uint64_t CountArrivals(const std::string& folder);
std::uint64_t CountArrivals(const std::string& folder, std::uint32_t sink_subtask);
// Sum over the files of counting sinks; the worst latency of all.
ArrivalSummary ReadSummary(const std::string& folder);
// A counting sink's records at one subtask.
std::uint64_t CountSummary(const std::string& folder, std::uint32_t sink_subtask);

// How often each of the values 0 … records-1 of one source subtask arrived.
std::vector<std::uint32_t> Occurrences(const std::vector<ArrivedRecord>& arrivals,
                                       std::uint32_t source_subtask, std::int64_t records);

}  // namespace weir::cluster_test
