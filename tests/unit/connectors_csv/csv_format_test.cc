// CSV against RFC 4180's cases, random records and hostile bytes.
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/fields.h>
#include <weir/formats/csv.h>

#include "tests/unit/test_seed.h"

namespace weir::csv {

enum class Side : std::uint8_t { kBuy, kSell };
WEIR_ENUM_NAMES(Side, kBuy, kSell)

struct Trade {
  std::string symbol;
  double price = 0;
  std::optional<std::int32_t> lots;
  Side side = Side::kBuy;
  bool paid = false;
  std::optional<std::string> note;
  std::chrono::sys_seconds made;
  bool operator==(const Trade&) const = default;
};
WEIR_FIELDS(Trade, symbol, price, lots, side, paid, note, made)

namespace {

std::string Write(const Trade& trade, CsvOptions options = {}) {
  std::string text;
  EXPECT_TRUE(CsvFormat<Trade>(options).Serialize(trade, text).ok());
  return text;
}
std::string ErrorOf(std::string_view row) {
  Trade trade;
  const Status status = CsvFormat<Trade>().Deserialize(row, trade);
  EXPECT_EQ(status.code(), StatusCode::kCorruption) << row;
  return status.message();
}

TEST(CsvFormat, WritesAndReadsWhatItSays) {
  const Trade trade{"a,\"b\"\r\n", -0.5, 7, Side::kSell, true, "", std::chrono::sys_seconds()};
  const std::string text = "\"a,\"\"b\"\"\r\n\",-0.5,7,kSell,true,\"\",1970-01-01T00:00:00Z";
  EXPECT_EQ(Write(trade), text);
  Trade read{"old", 1, 1, Side::kBuy, false, "old", {}};
  ASSERT_TRUE(CsvFormat<Trade>().Deserialize(text, read).ok());
  EXPECT_EQ(read, trade);
  ASSERT_TRUE(CsvFormat<Trade>().Deserialize("x,1e3,,kBuy,0,,60", read).ok());
  EXPECT_EQ(read, (Trade{"x", 1000, std::nullopt, Side::kBuy, false, std::nullopt,
                         std::chrono::sys_seconds(std::chrono::seconds(60))}));
}

TEST(CsvFormat, AValueOfAnEnumThatHasNoNameIsRefused) {
  Trade trade{"x", 1, 1, static_cast<Side>(7), false, std::nullopt, {}};
  std::string text = "before";
  const Status status = CsvFormat<Trade>().Serialize(trade, text);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "CSV: field 'side': the enum has no name for this value");
  EXPECT_EQ(text, "before");
}

TEST(CsvFormat, TakesAnotherDelimiterAndQuote) {
  const CsvOptions options{.delimiter = ';', .quote = '\''};
  const Trade trade{"a;'", 1, std::nullopt, Side::kBuy, false, "\"", {}};
  EXPECT_EQ(Write(trade, options), "'a;''';1;;kBuy;false;\";1970-01-01T00:00:00Z");
  Trade read;
  ASSERT_TRUE(CsvFormat<Trade>(options).Deserialize(Write(trade, options), read).ok());
  EXPECT_EQ(read, trade);
}

TEST(CsvFormat, FindsColumnsByTheHeader) {
  CsvFormat<Trade> format({.header = true});
  EXPECT_EQ(format.StreamHeader(), "symbol,price,lots,side,paid,note,made");
  EXPECT_EQ(format.framing().header_records, 1u);
  ASSERT_TRUE(format.BeginStream("\xef\xbb\xbfmade,more,\"price\",symbol,paid,side").ok());
  Trade read{"", 0, 5, Side::kBuy, false, "old", {}};
  ASSERT_TRUE(format.Deserialize("0,whatever,2,s,true,kSell,and more", read).ok());
  EXPECT_EQ(read, (Trade{"s", 2, std::nullopt, Side::kSell, true, std::nullopt, {}}));
  EXPECT_NE(format.Deserialize("0,whatever,2", read).message().find("expected 6 columns, found 3"),
            std::string::npos);
  EXPECT_NE(format.BeginStream("made,price,paid,side").message().find("no column 'symbol'"),
            std::string::npos);
  EXPECT_NE(format.BeginStream("made,price,price,symbol,paid,side").message().find("two columns"),
            std::string::npos);
}

TEST(CsvFormat, ErrorsNameColumnAndByte) {
  EXPECT_EQ(ErrorOf("s,x,1,kBuy,true,,0"),
            "CSV: column 2 'price': expected a number, found \"x\" (byte 2)");
  EXPECT_EQ(ErrorOf("s,1,1.5,kBuy,true,,0"),
            "CSV: column 3 'lots': expected an integer that fits, found \"1.5\" (byte 4)");
  EXPECT_EQ(ErrorOf("s,1,99999999999,kBuy,true,,0").find("CSV: column 3"), 0u);
  EXPECT_EQ(ErrorOf("s,1,1,kHold,true,,0").find("CSV: column 4 'side'"), 0u);
  EXPECT_EQ(ErrorOf("s,1,1,kBuy,yes,,0").find("CSV: column 5 'paid'"), 0u);
  EXPECT_EQ(ErrorOf("s,1,1,kBuy,true,,2023-02-30T00:00:00Z").find("CSV: column 7 'made'"), 0u);
  EXPECT_EQ(ErrorOf("s,1"), "CSV: expected 7 columns, found 2");
  EXPECT_EQ(ErrorOf(""), "CSV: expected 7 columns, found 1");
  EXPECT_EQ(ErrorOf("\"s,1,1,kBuy"), "CSV: a quoted field does not end (byte 0)");
  EXPECT_EQ(ErrorOf("a\"b,1"), "CSV: a quote stands inside a field that is not quoted (byte 1)");
  EXPECT_EQ(ErrorOf("\"a\"b,1"),
            "CSV: something stands between a quoted field and the next one (byte 3)");
}

TEST(CsvFormat, LineBreaksCanBeForbidden) {
  const CsvOptions options{.line_breaks_in_fields = false};
  EXPECT_TRUE(CsvFormat<Trade>(options).framing().splittable());
  EXPECT_FALSE(CsvFormat<Trade>().framing().splittable());
  std::string text = "kept";
  EXPECT_FALSE(CsvFormat<Trade>(options).Serialize(Trade{.symbol = "a\nb"}, text).ok());
  EXPECT_EQ(text, "kept");
}

TEST(CsvFormat, RandomRecordsSurviveTheRoundTrip) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto text = [&random] {
    std::string made;
    for (auto n = random() % 8; n > 0; --n) made += "ab,\"\r\n;\0\xff"[random() % 10];
    return made;
  };
  CsvFormat<Trade> format;
  Trade read;
  for (int i = 0; i < 5'000; ++i) {
    Trade trade{text(),
                static_cast<double>(random()) / 7,
                std::nullopt,
                random() % 2 == 0 ? Side::kBuy : Side::kSell,
                random() % 2 == 0,
                std::nullopt,
                std::chrono::sys_seconds(
                    std::chrono::seconds(static_cast<std::int64_t>(random()) >> (random() % 64)))};
    if (random() % 2 == 0) trade.lots = static_cast<std::int32_t>(random());
    if (random() % 2 == 0) trade.note = text();
    std::string row = Write(trade);
    const Status status = format.Deserialize(row, read);
    ASSERT_TRUE(status.ok()) << status.ToString() << "\n" << row;
    ASSERT_EQ(read, trade) << row;
    // And broken ones are refused or read.
    for (auto n = random() % 4; n > 0; --n)
      row[random() % row.size()] = static_cast<char>(random());
    (void)format.Deserialize(std::string_view(row).substr(random() % row.size()), read).ok();
  }
}

}  // namespace
}  // namespace weir::csv
