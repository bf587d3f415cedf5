// A row of CSV as its fields, untyped.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <weir/status.h>

namespace weir::csv {

struct CsvOptions {
  char delimiter = ',';
  char quote = '"';
  // The first row of a file names the columns.
  bool header = false;
  // Whether a quoted field may hold line breaks, as RFC 4180 says. Then a file cannot be read in
  // parts: large files of one-line rows are better read without.
  bool line_breaks_in_fields = true;
};

namespace internal {

inline constexpr std::size_t kNoColumn = std::numeric_limits<std::size_t>::max();

struct CsvField {
  std::string_view text;  // without quotes
  bool quoted = false;
  std::size_t at = 0;  // in the row
};

// Reused from row to row. The fields are views into the row, or into the object where quotes were
// undoubled: valid until the next Cut() and as long as the row is.
class CsvRow {
 public:
  Status Cut(std::string_view row, const CsvOptions& options);
  std::size_t size() const { return fields_.size(); }
  const CsvField& field(std::size_t column) const { return fields_[column]; }

  // The column with this name, or kNoColumn for one that need not be there. An error when it is
  // missing or there twice.
  Result<std::size_t> ColumnOf(std::string_view name, bool optional) const;
  // "column 3 'name': expected …, found …".
  Status Expected(std::size_t column, std::string_view name, std::string_view what) const;

 private:
  Status CutQuoted(std::string_view row, const CsvOptions& options, std::size_t& at);

  std::vector<CsvField> fields_;
  std::string unquoted_;  // never grows within a row: views into it stay valid
};

Status WrongCount(std::size_t expected, std::size_t found);
// Appends the field in quotes where it needs them.
void AppendField(std::string_view text, const CsvOptions& options, std::string& out);

}  // namespace internal
}  // namespace weir::csv
