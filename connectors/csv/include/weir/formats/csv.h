// CSV as in RFC 4180: a record is a row. Link weir::csv.
//
//   struct Trade { std::string symbol; double price = 0; std::optional<std::int32_t> lots; };
//   WEIR_FIELDS(Trade, symbol, price, lots)
//
//   FileSource(weir::csv::CsvFormat<Trade>({.header = true})).Path("/trades/*.csv.gz")
//
// Columns are the fields of the record in the order of WEIR_FIELDS; with a header row they are
// found by name, in any order, and other columns are left alone. Fields are numbers, bool
// (true/false or 1/0), std::string, enums (by name with WEIR_ENUM_NAMES, else by number), durations
// (a number), times (ISO 8601 or a number), and std::optional of these: an empty field that is not
// quoted is no value. Bytes are not checked to be UTF-8. A row with something wrong is refused with
// column and place: "column 2 'price': expected a number, found "x" (byte 4)".
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/format.h>
#include <weir/formats/internal/csv_row.h>
#include <weir/formats/internal/csv_values.h>
#include <weir/record_text.h>

namespace weir::csv {

// Copies share nothing.
template <RecordWithNamedFields T>
class CsvFormat {
 public:
  using Record = T;
  explicit CsvFormat(CsvOptions options = {}) : options_(options) {
    for (std::size_t i = 0; i < kCount; ++i) columns_[i] = i;
  }

  Status Deserialize(std::string_view row, T& out) {
    WEIR_RETURN_IF_ERROR(row_.Cut(row, options_));
    if (options_.header ? row_.size() < least_columns_ : row_.size() != kCount) {
      return internal::WrongCount(options_.header ? least_columns_ : kCount, row_.size());
    }
    return ReadFields(out, std::make_index_sequence<kCount>());
  }

  // An error when a line break is in a field and may not be, or an enum has no name for a value.
  Status Serialize(const T& record, std::string& out) const {
    const std::size_t begin = out.size();
    const std::string_view nameless = WriteFields(record, out, std::make_index_sequence<kCount>());
    if (!nameless.empty()) {
      out.resize(begin);
      return Status::InvalidArgument("CSV: field '" + std::string(nameless) +
                                     "': the enum has no name for this value");
    }
    if (!options_.line_breaks_in_fields && out.find_first_of("\r\n", begin) != std::string::npos) {
      out.resize(begin);
      return Status::InvalidArgument(
          "CSV: a field holds a line break, which CsvOptions::line_breaks_in_fields forbids");
    }
    return Status::Ok();
  }

  Framing framing() const {
    return {options_.line_breaks_in_fields ? Framing::Kind::kQuotedLines : Framing::Kind::kLines,
            options_.quote, options_.delimiter, options_.header ? 1U : 0U};
  }
  // Finds the columns. Every field that is not optional must have one.
  Status BeginStream(std::string_view header) {
    if (header.starts_with("\xef\xbb\xbf")) header.remove_prefix(3);  // a byte order mark
    WEIR_RETURN_IF_ERROR(row_.Cut(header, options_).WithContext("header"));
    least_columns_ = 0;
    return FindColumns(std::make_index_sequence<kCount>());
  }
  std::string StreamHeader() const {
    if (!options_.header) return {};
    return HeaderOf(std::make_index_sequence<kCount>());
  }

 private:
  static constexpr std::size_t kCount = kFieldCount<T>;
  template <std::size_t I>
  using Field = std::remove_cvref_t<decltype(FieldOf<I>(std::declval<T&>()))>;

  template <std::size_t... I>
  Status ReadFields(T& out, std::index_sequence<I...>) {
    std::size_t failed = kCount;
    const bool read = ((ReadField<I>(out) || (failed = I, false)) && ...);
    if (read) return Status::Ok();
    static constexpr std::array<std::string_view, kCount> kNames = {FieldName<T, I>()...};
    static constexpr std::array<std::string_view, kCount> kWanted = {
        internal::CsvValue<Field<I>>::kWanted...};
    return row_.Expected(columns_[failed], kNames[failed], kWanted[failed]);
  }
  template <std::size_t I>
  bool ReadField(T& out) {
    if (columns_[I] == internal::kNoColumn) {
      FieldOf<I>(out) = Field<I>();  // an optional one
      return true;
    }
    return internal::CsvValue<Field<I>>::Read(row_.field(columns_[I]), FieldOf<I>(out));
  }
  // The name of the field that could not be written; empty: all were.
  template <std::size_t... I>
  std::string_view WriteFields(const T& record, std::string& out, std::index_sequence<I...>) const {
    std::string_view failed;
    const bool written =
        ((((I == 0 ? void() : void(out += options_.delimiter)),
           internal::CsvValue<Field<I>>::Write(FieldOf<I>(record), options_, out)) ||
          (failed = FieldName<T, I>(), false)) &&
         ...);
    static_cast<void>(written);
    return failed;
  }
  template <std::size_t... I>
  Status FindColumns(std::index_sequence<I...>) {
    Status status;
    ((status.ok() ? status = FindColumn<I>() : status), ...);
    return status;
  }
  template <std::size_t I>
  Status FindColumn() {
    WEIR_ASSIGN_OR_RETURN(columns_[I],
                          row_.ColumnOf(FieldName<T, I>(), internal::kIsOptional<Field<I>>));
    if (columns_[I] != internal::kNoColumn && columns_[I] >= least_columns_) {
      least_columns_ = columns_[I] + 1;
    }
    return Status::Ok();
  }
  template <std::size_t... I>
  std::string HeaderOf(std::index_sequence<I...>) const {
    std::string header;
    (((I == 0 ? void() : void(header += options_.delimiter)), void(header += FieldName<T, I>())),
     ...);
    return header;
  }

  CsvOptions options_;
  internal::CsvRow row_;
  std::array<std::size_t, kCount> columns_{};  // by field
  std::size_t least_columns_ = kCount;         // that a row behind this header has
};

}  // namespace weir::csv
