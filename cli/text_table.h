// What the CLI prints: tables, times, durations. The same on a terminal and in a pipe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::cli {

// Columns as wide as their longest cell and two blanks between them; no blanks at line ends.
class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit TextTable(std::vector<Column> columns);
  // As many cells as columns. Line ends in a cell become blanks.
  void AddRow(std::vector<std::string> cells);
  // Every line ends with a line end.
  std::string ToString() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "2026-01-02 03:04:05" in local time; "-" for negative ones.
std::string FormatTime(std::int64_t time_ms);
// "12 ms", "3.4 s", "5 min 6 s", "7 h 8 min", "9 d 10 h"; "-" for negative ones.
std::string FormatDuration(std::int64_t duration_ms);

}  // namespace weir::cli
