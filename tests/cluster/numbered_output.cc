#include "tests/cluster/numbered_output.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

namespace weir::cluster_test {
namespace {

// Collects complaints, of which it keeps a few.
class Complaints {
 public:
  void Add(const std::string& what) {
    if (++count_ <= 5) text_ += "  " + what + "\n";
  }
  std::string Text() const {
    if (count_ == 0) return "";
    return std::to_string(count_) + " faults, the first of them:\n" + text_;
  }

 private:
  std::uint64_t count_ = 0;
  std::string text_;
};

// Exactly so many whole numbers, or nothing.
std::vector<std::int64_t> Numbers(const std::string& line, std::size_t count) {
  std::istringstream words(line);
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = 0; words >> number;) numbers.push_back(number);
  if (numbers.size() != count || !words.eof()) numbers.clear();
  return numbers;
}

}  // namespace

std::int64_t KeyOf(std::int64_t index, std::int64_t keys) {
  return index * 7919 % keys;
}

std::vector<std::string> ReadPublishedLines(const std::string& folder) {
  std::vector<std::string> lines;
  if (!std::filesystem::exists(folder)) return lines;
  for (auto entry = std::filesystem::recursive_directory_iterator(folder);
       entry != std::filesystem::recursive_directory_iterator(); ++entry) {
    if (entry->path().filename().string().starts_with(".")) {
      if (entry->is_directory()) entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file()) continue;
    std::ifstream file(entry->path());
    for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  }
  return lines;
}

std::string CheckCounts(const NumberedArguments& arguments, const std::vector<std::string>& lines) {
  Complaints complaints;
  std::vector<std::uint32_t> came(static_cast<std::size_t>(arguments.records), 0);
  std::map<std::int64_t, std::vector<std::int64_t>> counts;
  for (const std::string& line : lines) {
    const auto numbers = Numbers(line, 3);
    if (numbers.empty() || numbers[0] < 0 || numbers[0] >= arguments.records ||
        numbers[1] != KeyOf(numbers[0], arguments.keys)) {
      complaints.Add("the line '" + line + "' cannot be");
      continue;
    }
    ++came[static_cast<std::size_t>(numbers[0])];
    counts[numbers[1]].push_back(numbers[2]);
  }
  for (std::size_t index = 0; index < came.size(); ++index) {
    if (came[index] == 1) continue;
    complaints.Add("number " + std::to_string(index) + " came " + std::to_string(came[index]) +
                   " times");
  }
  for (auto& [key, of_key] : counts) {
    std::ranges::sort(of_key);
    for (std::size_t i = 0; i < of_key.size(); ++i) {
      if (of_key[i] == static_cast<std::int64_t>(i) + 1) continue;
      complaints.Add("the counts of key " + std::to_string(key) + " go wrong at " +
                     std::to_string(i + 1) + ", where " + std::to_string(of_key[i]) + " stands");
      break;
    }
  }
  return complaints.Text();
}

std::string CheckWindows(const NumberedArguments& arguments,
                         const std::vector<std::string>& lines) {
  struct Total {
    std::int64_t count = 0;
    std::int64_t sum = 0;
    int came = 0;
  };
  std::map<std::pair<std::int64_t, std::int64_t>, Total> totals;
  for (std::int64_t index = 0; index < arguments.records; ++index) {
    Total& total =
        totals[{KeyOf(index, arguments.keys), index / arguments.window_ms * arguments.window_ms}];
    ++total.count;
    total.sum += index;
  }
  Complaints complaints;
  for (const std::string& line : lines) {
    const auto numbers = Numbers(line, 4);
    const auto found = numbers.empty() ? totals.end() : totals.find({numbers[0], numbers[1]});
    if (found == totals.end()) {
      complaints.Add("the line '" + line + "' cannot be");
      continue;
    }
    Total& total = found->second;
    ++total.came;
    if (total.count == numbers[2] && total.sum == numbers[3]) continue;
    complaints.Add("'" + line + "' came, with count " + std::to_string(total.count) + " and sum " +
                   std::to_string(total.sum) + " expected");
  }
  for (const auto& [window, total] : totals) {
    if (total.came == 1) continue;
    complaints.Add("the window of key " + std::to_string(window.first) + " at " +
                   std::to_string(window.second) + " came " + std::to_string(total.came) +
                   " times");
  }
  return complaints.Text();
}

}  // namespace weir::cluster_test
