#include "cli/text_table.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "common/text.h"

namespace weir::cli {

namespace {

constexpr std::string_view kGap = "  ";

// Characters, not bytes: continuation bytes of UTF-8 take no column.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

void TextTable::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) {
    for (char& c : cell) c = static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  rows_.push_back(std::move(cells));
}

std::string TextTable::ToString() const {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns_) lines[0].push_back(column.title);
  lines.insert(lines.end(), rows_.begin(), rows_.end());
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Width(line[i]));
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (i > 0) row += kGap;
      std::string padding(widths[i] - Width(line[i]), ' ');
      row += columns_[i].align == Align::kRight ? padding + line[i] : line[i] + padding;
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

std::string FormatTime(std::int64_t time_ms) {
  if (time_ms < 0) return "-";
  std::time_t seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm local = {};
  ::localtime_r(&seconds, &local);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local));
}

std::string FormatDuration(std::int64_t duration_ms) {
  if (duration_ms < 0) return "-";
  if (duration_ms < 1000) return Concat(duration_ms, " ms");
  std::int64_t seconds = duration_ms / 1000;
  if (seconds < 60) return Concat(seconds, ".", duration_ms % 1000 / 100, " s");
  std::int64_t minutes = seconds / 60;
  if (minutes < 60) return Concat(minutes, " min ", seconds % 60, " s");
  std::int64_t hours = minutes / 60;
  if (hours < 24) return Concat(hours, " h ", minutes % 60, " min");
  return Concat(hours / 24, " d ", hours % 24, " h");
}

}  // namespace weir::cli
