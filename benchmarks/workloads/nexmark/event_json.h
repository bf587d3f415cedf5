// Nexmark's events as lines of JSON, in the form in which the reference writes them to Kafka:
//   {"event_type":2,"person":null,"auction":null,"bid":{"auction":1000,…,"dateTime":
//   "2023-11-14 22:13:20.000","extra":"…"}}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/nexmark/records.h"

namespace benchmarks::nexmark {

// Appends the event of this id, without a line's end.
void AppendJson(const Generator& generator, std::int64_t event_id, std::string& out);

// The bid in a line that AppendJson wrote; nothing for another kind of event. Reads this form
// alone: throws std::invalid_argument, with the place, where the line is not of it.
std::optional<BidWithStrings> ParseBid(std::string_view line);

// All bids of a file of such lines, in their order. Throws std::invalid_argument, with the number
// of the line, where one is malformed, and std::runtime_error where the file cannot be read.
std::vector<BidWithStrings> ReadBids(const std::string& path);

}  // namespace benchmarks::nexmark
