// What formats share: text of values, names of enums, and the functions that apply a format.
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weir/api.h>
#include <weir/enum_names.h>
#include <weir/record_text.h>

#include "tests/unit/sdk/collecting_sink.h"
#include "tests/unit/sdk/job_runner.h"

namespace weir {

enum class Color : std::uint8_t { kRed, kBlue = 7 };
WEIR_ENUM_NAMES(Color, kRed, kBlue)

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

TEST(RecordText, IsoTimesOfEveryUnitReadBack) {
  const auto text = [](std::int64_t count, std::int64_t unit_ns) {
    std::string out;
    EXPECT_TRUE(AppendIsoTime(count, unit_ns, out));
    std::int64_t read = 0;
    EXPECT_TRUE(ParseIsoTime(out, unit_ns, read)) << out;
    EXPECT_EQ(read, count) << out;
    return out;
  };
  EXPECT_EQ(text(0, 1), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::max(), 1), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::min(), 1), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(text(-1, 1'000), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(text(-62'167'219'200, kSecondNs), "0000-01-01T00:00:00Z");
  EXPECT_EQ(text(253'402'300'799, kSecondNs), "9999-12-31T23:59:59Z");
  EXPECT_EQ(text(-1, 3'600 * kSecondNs), "1969-12-31T23:00:00Z");
  EXPECT_EQ(text(19'000, 86'400 * kSecondNs), "2022-01-08T00:00:00Z");
}

TEST(RecordText, TimesThatDoNotFitAreRefused) {
  std::string out = "kept";
  EXPECT_FALSE(AppendIsoTime(253'402'300'800, kSecondNs, out));
  EXPECT_FALSE(AppendIsoTime(std::numeric_limits<std::int64_t>::min(), kSecondNs, out));
  EXPECT_EQ(out, "kept");
  std::int64_t read = 0;
  EXPECT_FALSE(ParseIsoTime("2262-04-11T23:47:16.854775808Z", 1, read));
  EXPECT_FALSE(ParseIsoTime("9999-12-31T23:59:59Z", 1, read));
  EXPECT_FALSE(ParseIsoTime("2022-01-08T01:00:00Z", 86'400 * kSecondNs, read));
}

TEST(RecordText, NumbersMustBeTheWholeTextAndFit) {
  std::int8_t small = 0;
  EXPECT_TRUE(ParseNumber("-128", small));
  EXPECT_EQ(small, -128);
  for (const char* wrong : {"128", "", " 1", "1 ", "0x1", "+-1", "1.0"}) {
    EXPECT_FALSE(ParseNumber(wrong, small)) << wrong;
  }
  double number = 0;
  EXPECT_TRUE(ParseNumber("+1e3", number));
  EXPECT_EQ(number, 1000);
}

TEST(EnumNames, FindEachOther) {
  EXPECT_EQ(EnumName(Color::kBlue), "kBlue");
  EXPECT_EQ(EnumName(static_cast<Color>(1)), "");
  EXPECT_EQ(EnumOf<Color>("kRed"), Color::kRed);
  EXPECT_EQ(EnumOf<Color>("red"), std::nullopt);
}

// Numbers as text.
struct NumberFormat {
  using Record = std::int64_t;
  Status Deserialize(std::string_view message, std::int64_t& out) const {
    if (ParseNumber(message, out)) return Status::Ok();
    return Status::Corruption("no number");
  }
  Status Serialize(const std::int64_t& record, std::string& out) const {
    AppendNumber(record, out);
    return Status::Ok();
  }
};
static_assert(DeserializationSchema<NumberFormat> && SerializationSchema<NumberFormat>);
static_assert(!StreamDeserializationSchema<NumberFormat>);
static_assert(StreamDeserializationSchema<TextFormat> && StreamSerializationSchema<TextFormat>);

TEST(Format, AStreamOfMessagesBecomesRecordsAndMessagesAgain) {
  internal::JobInputs inputs;
  StreamExecutionEnvironment env(inputs);
  const auto numbers = env.FromData(std::vector<std::string>{"1", "x", "3"})
                           .MapInto<std::int64_t>(DeserializeWith(NumberFormat()))
                           .OnError(ErrorPolicy::kDeadLetter);
  auto letters = std::make_shared<testing::Collected<DeadLetter>>();
  auto texts = std::make_shared<testing::Collected<std::string>>();
  numbers.DeadLetters().SinkTo(testing::CollectingSink<DeadLetter>(letters));
  numbers.MapInto<std::string>(SerializeWith(NumberFormat()))
      .SinkTo(testing::CollectingSink<std::string>(texts));
  auto job = env.Compile();
  ASSERT_TRUE(job.ok()) << job.status().ToString();
  ASSERT_TRUE(testing::JobRunner(**job, 1).Run().ok());
  EXPECT_EQ(texts->records, (std::vector<std::string>{"1", "3"}));
  ASSERT_EQ(letters->records.size(), 1u);
  EXPECT_EQ(letters->records[0].error, "CORRUPTION: no number");
}

}  // namespace
}  // namespace weir
