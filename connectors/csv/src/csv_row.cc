#include <algorithm>

#include <weir/formats/internal/csv_row.h>

namespace weir::csv::internal {
namespace {

Status Malformed(const std::string& what, std::size_t at) {
  return Status::Corruption("CSV: " + what + " (byte " + std::to_string(at) + ")");
}

}  // namespace

Status CsvRow::Cut(std::string_view row, const CsvOptions& options) {
  fields_.clear();
  unquoted_.clear();
  if (unquoted_.capacity() < row.size()) unquoted_.reserve(row.size());
  std::size_t at = 0;
  for (;;) {
    if (at < row.size() && row[at] == options.quote) {
      WEIR_RETURN_IF_ERROR(CutQuoted(row, options, at));
    } else {
      const std::size_t end = std::min(row.find(options.delimiter, at), row.size());
      const std::string_view text = row.substr(at, end - at);
      if (const std::size_t quote = text.find(options.quote); quote != std::string_view::npos) {
        return Malformed("a quote stands inside a field that is not quoted", at + quote);
      }
      fields_.push_back({text, false, at});
      at = end;
    }
    if (at == row.size()) return Status::Ok();
    ++at;  // the delimiter
  }
}

Status CsvRow::CutQuoted(std::string_view row, const CsvOptions& options, std::size_t& at) {
  const std::size_t start = at;
  const std::size_t kept = unquoted_.size();
  std::size_t from = at + 1;
  for (;;) {
    const std::size_t quote = row.find(options.quote, from);
    if (quote == std::string_view::npos) return Malformed("a quoted field does not end", start);
    const bool doubled = quote + 1 < row.size() && row[quote + 1] == options.quote;
    if (!doubled && unquoted_.size() == kept) {
      fields_.push_back({row.substr(from, quote - from), true, start});
      at = quote + 1;
      break;
    }
    unquoted_.append(row, from, quote - from + (doubled ? 1 : 0));
    from = quote + 2;
    if (!doubled) {
      fields_.push_back({std::string_view(unquoted_).substr(kept), true, start});
      at = quote + 1;
      break;
    }
  }
  if (at < row.size() && row[at] != options.delimiter) {
    return Malformed("something stands between a quoted field and the next one", at);
  }
  return Status::Ok();
}

Result<std::size_t> CsvRow::ColumnOf(std::string_view name, bool optional) const {
  std::size_t found = kNoColumn;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].text != name) continue;
    if (found != kNoColumn) {
      return Status::Corruption("CSV: the header has two columns '" + std::string(name) + "'");
    }
    found = i;
  }
  if (found == kNoColumn && !optional) {
    return Status::Corruption("CSV: the header has no column '" + std::string(name) + "'");
  }
  return found;
}

Status CsvRow::Expected(std::size_t column, std::string_view name, std::string_view what) const {
  constexpr std::size_t kLongest = 32;
  const CsvField& field = fields_[column];
  std::string found(field.text.substr(0, kLongest));
  if (field.text.size() > kLongest) found += "…";
  return Malformed("column " + std::to_string(column + 1) + " '" + std::string(name) +
                       "': expected " + std::string(what) + ", found \"" + found + '"',
                   field.at);
}

Status WrongCount(std::size_t expected, std::size_t found) {
  return Status::Corruption("CSV: expected " + std::to_string(expected) + " columns, found " +
                            std::to_string(found));
}

void AppendField(std::string_view text, const CsvOptions& options, std::string& out) {
  const char special[] = {options.delimiter, options.quote, '\r', '\n'};
  // An empty text in quotes is a text; without, it is no value.
  if (!text.empty() &&
      text.find_first_of(std::string_view(special, sizeof(special))) == std::string_view::npos) {
    out += text;
    return;
  }
  out += options.quote;
  for (const char character : text) {
    if (character == options.quote) out += options.quote;
    out += character;
  }
  out += options.quote;
}

}  // namespace weir::csv::internal
