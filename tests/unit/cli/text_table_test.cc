#include "cli/text_table.h"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

TEST(TextTableTest, AlignsColumns) {
  TextTable table({{"NAME"}, {"COUNT", TextTable::Align::kRight}, {"TEXT"}});
  table.AddRow({"a", "1", "x"});
  table.AddRow({"größer", "1000000", ""});
  table.AddRow({"two\nlines", "", "end"});
  EXPECT_EQ(table.ToString(),
            "NAME         COUNT  TEXT\n"
            "a                1  x\n"
            "größer     1000000\n"
            "two lines           end\n");
}

TEST(FormatTest, WritesTimesAndDurations) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  EXPECT_EQ(FormatTime(1'767'323'045'678), "2026-01-02 03:04:05");
  EXPECT_EQ(FormatTime(-1), "-");
  EXPECT_EQ(FormatDuration(-1), "-");
  EXPECT_EQ(FormatDuration(0), "0 ms");
  EXPECT_EQ(FormatDuration(999), "999 ms");
  EXPECT_EQ(FormatDuration(3'456), "3.4 s");
  EXPECT_EQ(FormatDuration(306'000), "5 min 6 s");
  EXPECT_EQ(FormatDuration(25'680'000), "7 h 8 min");
  EXPECT_EQ(FormatDuration(813'600'000), "9 d 10 h");
}

}  // namespace
}  // namespace weir::cli
