// JSON against hand-written texts, random records and hostile bytes.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/fields.h>
#include <weir/formats/json.h>

#include "tests/unit/test_seed.h"

namespace weir::json {

enum class Side : std::uint8_t { kBuy, kSell };
WEIR_ENUM_NAMES(Side, kBuy, kSell)
enum class Plain : std::int16_t { kOne = 1 };

struct Line {
  std::string article;
  double price = 0;
  std::uint8_t count = 1;
  bool operator==(const Line&) const = default;
};
WEIR_FIELDS(Line, article, price, count)

using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

struct Order {
  std::int64_t id = 0;
  std::string customer;
  std::optional<float> discount;
  Side side = Side::kBuy;
  Plain plain = Plain::kOne;
  bool paid = false;
  std::vector<Line> lines;
  std::map<std::string, std::int32_t> tags;
  std::unordered_map<std::uint16_t, std::string> notes;
  std::set<std::string> labels;
  std::vector<bool> bits;
  std::array<std::int32_t, 2> place{};
  std::tuple<std::string, bool> pair;
  std::chrono::seconds age{};
  Milliseconds made;
  std::optional<std::vector<std::optional<std::uint64_t>>> deep;
  bool operator==(const Order&) const = default;
};
WEIR_FIELDS(Order, id, customer, discount, side, plain, paid, lines, tags, notes, labels, bits,
            place, pair, age, made, deep)

struct Node {
  std::vector<Node> children;
};
WEIR_FIELDS(Node, children)

struct Totals {
  std::map<Side, std::int64_t> by_side;
};
WEIR_FIELDS(Totals, by_side)

namespace {

template <class T>
std::string Write(const T& record) {
  std::string text;
  const Status status = JsonFormat<T>().Serialize(record, text);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return text;
}
std::string ErrorOf(std::string_view text, JsonOptions options = {}) {
  Line line;
  const Status status = JsonFormat<Line>(options).Deserialize(text, line);
  EXPECT_FALSE(status.ok()) << text;
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  return status.message();
}

TEST(JsonFormat, AKeyThatItsEnumHasNoNameForIsRefused) {
  EXPECT_EQ(Write(Totals{{{Side::kSell, 3}}}), "{\"by_side\":{\"kSell\":3}}");
  std::string text;
  const Status status = JsonFormat<Totals>().Serialize({{{static_cast<Side>(7), 3}}}, text);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("by_side: the enum has no name for a key"), std::string::npos)
      << status.message();
}

TEST(JsonFormat, WritesWhatItSays) {
  Order order;
  order.id = -7;
  order.customer = "a\"\\\n\x01ü";
  order.discount = 0.5F;
  order.side = Side::kSell;
  order.paid = true;
  order.lines = {{"x", 1e300, 255}, {"y", std::numeric_limits<double>::quiet_NaN(), 0}};
  order.tags = {{"k", 1}};
  order.notes = {{7, "n"}};
  order.labels = {"l"};
  order.bits = {true, false};
  order.place = {1, 2};
  order.pair = {"p", true};
  order.age = std::chrono::seconds(9);
  order.made = Milliseconds(std::chrono::milliseconds(1'700'000'000'123));
  order.deep = {{1, std::nullopt}};
  EXPECT_EQ(Write(order),
            R"({"id":-7,"customer":"a\"\\\n\u0001ü","discount":0.5,"side":"kSell","plain":1,)"
            R"("paid":true,"lines":[{"article":"x","price":1e+300,"count":255},)"
            R"({"article":"y","price":"NaN","count":0}],"tags":{"k":1},"notes":{"7":"n"},)"
            R"("labels":["l"],"bits":[true,false],"place":[1,2],"pair":["p",true],"age":9,)"
            R"("made":"2023-11-14T22:13:20.123Z","deep":[1,null]})");
}

TEST(JsonFormat, ReadsFieldsInAnyOrderWithWhitespaceAndEscapes) {
  JsonFormat<Line> format;
  Line line{"old", 9, 9};
  const Status status = format.Deserialize(
      " {\n\"count\" : 3 , \"price\":\t-0.25e1, \"more\": [{\"a\": null}, 1.5, \"x\", true],"
      "\"art\\u0069cle\": \"\\u00fc\\ud83d\\ude00\\n\" } ",
      line);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(line, (Line{"ü😀\n", -2.5, 3}));
}

TEST(JsonFormat, AnOldRecordLeavesNothingBehind) {
  Order filled;
  filled.discount = 1.0F;
  filled.lines = {{"a", 1, 1}, {"b", 2, 2}};
  filled.tags = {{"k", 1}};
  filled.bits = {true, true};
  filled.deep = {{1, 2, 3}};
  JsonFormat<Order> format;
  ASSERT_TRUE(format.Deserialize(Write(Order()), filled).ok());
  EXPECT_EQ(filled, Order());
}

TEST(JsonFormat, ErrorsNamePathAndByte) {
  EXPECT_EQ(ErrorOf(R"({"article":"a","price":true,"count":1})"),
            "JSON: price: expected a number, found a bool (byte 23)");
  EXPECT_EQ(ErrorOf(R"({"article":"a","price":1,"count":256})"),
            "JSON: count: expected an integer from 0 to 255, found 256 (byte 33)");
  EXPECT_EQ(ErrorOf(R"({"article":"a","price":1,"count":1.5})"),
            "JSON: count: expected an integer, found 1.5 (byte 33)");
  EXPECT_EQ(ErrorOf(R"({"article":"a","count":1})"), "JSON: price: the field is missing (byte 0)");
  EXPECT_EQ(ErrorOf(R"({"article":null,"price":1,"count":1})"),
            "JSON: article: expected a string, found null (byte 11)");
  EXPECT_EQ(ErrorOf("[1]"), "JSON: expected an object, found an array (byte 0)");
  EXPECT_EQ(ErrorOf("17"), "JSON: expected an object or array, found 17 (byte 0)");
  Order order;
  std::string text = Write(Order());
  text.replace(text.find("\"lines\":[]"), 10, R"("lines":[{"article":"a","price":1,"count":"x"}])");
  const Status status = JsonFormat<Order>().Deserialize(text, order);
  EXPECT_EQ(status.message().find("JSON: lines[0].count: expected an integer, found \"x\" (byte "),
            0u)
      << status.message();
}

TEST(JsonFormat, HalfAMessageIsRefusedAtEveryLength) {
  Order order;
  order.lines = {{"x", 1, 2}};
  order.tags = {{"a", 1}, {"b", 2}};
  order.deep = {{1, std::nullopt}};
  const std::string text = Write(order);
  JsonFormat<Order> format;
  for (std::size_t length = 0; length < text.size(); ++length) {
    Order out;
    const Status status = format.Deserialize(std::string_view(text).substr(0, length), out);
    ASSERT_FALSE(status.ok()) << length;
    ASSERT_EQ(status.code(), StatusCode::kCorruption);
  }
  Order out;
  EXPECT_TRUE(format.Deserialize(text, out).ok()) << "the reader goes on after errors";
  EXPECT_EQ(out, order);
}

TEST(JsonFormat, WhatIsNoJsonIsRefused) {
  for (const char* wrong : {"",
                            " ",
                            "{",
                            "}",
                            "{]",
                            R"({"article":"a","price":1,"count":1} x)",
                            R"({"article":"a","price":1,"count":1}{})",
                            R"({"article":"a","price":01,"count":1})",
                            R"({"article":"a","price":1.,"count":1})",
                            R"({"article":"a","price":+1,"count":1})",
                            R"({"article":"a","price":1,"count":-0.5})",
                            "{\"article\":\"\xff\",\"price\":1,\"count\":1}",
                            R"({"article":"\q","price":1,"count":1})",
                            R"({"article":"\ud800","price":1,"count":1})",
                            "{\"article\":\"a\nb\",\"price\":1,\"count\":1}",
                            R"({"article":"a" "price":1,"count":1})",
                            R"({"article":"a","price":1e999,"count":1})",
                            R"({"article":'a',"price":1,"count":1})",
                            R"({"article":"a","price":1,"count":1,})",
                            R"({"article":"a","price":nul,"count":1})",
                            R"({"article":"a","price":1,"count":1,"u":[1,2})",
                            R"({"article":"a","price":1,"count":1,"u":tru})",
                            R"({"article":"a","price":1,"count":1,"u":1..2})",
                            R"({"article":"a","price":1,"count":1,"u":nulll})",
                            R"({"article":"a","price":1,"count":1,"u":"\z"})"}) {
    ErrorOf(wrong);
  }
}

TEST(JsonFormat, OptionsSayWhatUnknownAndMissingFieldsMean) {
  const std::string_view text = R"({"article":"a","price":1,"extra":{"b":[1]}})";
  EXPECT_EQ(ErrorOf(text, {.unknown_fields = UnknownFields::kRefuse,
                           .missing_fields = MissingFields::kDefault}),
            "JSON: extra: there is no such field (byte 33)");
  Line line{"", 0, 77};
  ASSERT_TRUE(
      JsonFormat<Line>({.missing_fields = MissingFields::kDefault}).Deserialize(text, line).ok());
  EXPECT_EQ(line, (Line{"a", 1, 1})) << "as in Line{}";
}

TEST(JsonFormat, DepthIsBounded) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += R"({"children":[)";
    for (std::size_t i = 0; i < depth; ++i) text += "]}";
    return text;
  };
  Node node;
  EXPECT_TRUE(JsonFormat<Node>().Deserialize(nested(100), node).ok());
  const Status status = JsonFormat<Node>().Deserialize(nested(10'000), node);
  EXPECT_NE(status.message().find("nested more than"), std::string::npos) << status.message();
  std::string ignored = R"({"children":[],"x":)" + std::string(100'000, '[');
  EXPECT_FALSE(JsonFormat<Node>().Deserialize(ignored, node).ok());
}

TEST(JsonFormat, AStringThatIsNoUtf8IsNotWritten) {
  Order order;
  order.lines = {{"fine", 1, 1}, {"\xc3(", 1, 1}};
  std::string text = "before";
  const Status status = JsonFormat<Order>().Serialize(order, text);
  EXPECT_EQ(status.message(), "JSON: lines[1].article: the string is not UTF-8");
  EXPECT_EQ(text, "before");
}

TEST(JsonFormat, TimesAreReadWithOffsetsAndAsNumbers) {
  const auto read = [](const std::string& made) -> std::optional<std::int64_t> {
    std::string text = Write(Order());
    const std::string old = "\"1970-01-01T00:00:00.000Z\"";
    text.replace(text.find(old), old.size(), made);
    Order order;
    if (!JsonFormat<Order>().Deserialize(text, order).ok()) return std::nullopt;
    return order.made.time_since_epoch().count();
  };
  EXPECT_EQ(read("\"2023-11-14T22:13:20.123Z\""), 1'700'000'000'123);
  EXPECT_EQ(read("\"2023-11-15 00:13:20.12+02:00\""), 1'700'000'000'120);
  EXPECT_EQ(read("\"1969-12-31T23:59:59.999Z\""), -1);
  EXPECT_EQ(read("17"), 17);
  for (const char* wrong : {"\"2023-02-29T00:00:00Z\"", "\"2023-01-01T24:00:00Z\"", "\"\"",
                            "\"2023-01-01T00:00:00.0001Z\"", "\"2023-01-01T00:00:00Zz\"",
                            "\"2023-01-01\"", "null", "1.5"}) {
    EXPECT_EQ(read(wrong), std::nullopt) << wrong;
  }
}

class RandomOrders {
 public:
  explicit RandomOrders(std::uint64_t seed) : random_(seed) {}
  Order Next() {
    Order order;
    order.id = static_cast<std::int64_t>(random_());
    order.customer = Text();
    if (Coin()) order.discount = Float<float>();
    order.side = Coin() ? Side::kBuy : Side::kSell;
    order.plain = static_cast<Plain>(random_());
    order.paid = Coin();
    for (auto i = random_() % 4; i > 0; --i) {
      order.lines.push_back({Text(), Float<double>(), static_cast<std::uint8_t>(random_())});
      order.tags[Text()] = static_cast<std::int32_t>(random_());
      order.notes[static_cast<std::uint16_t>(random_())] = Text();
      order.labels.insert(Text());
      order.bits.push_back(Coin());
    }
    order.place = {static_cast<std::int32_t>(random_()), static_cast<std::int32_t>(random_())};
    order.pair = {Text(), Coin()};
    order.age = std::chrono::seconds(static_cast<std::int64_t>(random_()));
    order.made = Milliseconds(
        std::chrono::milliseconds(static_cast<std::int64_t>(random_()) >> (random_() % 64)));
    if (Coin()) order.deep = {{random_(), std::nullopt, random_() % 10}};
    return order;
  }
  std::mt19937_64& engine() { return random_; }

 private:
  bool Coin() { return random_() % 2 == 0; }
  template <class F>
  F Float() {
    return Coin() ? static_cast<F>(static_cast<double>(random_()) / 3e7)
                  : std::ldexp(static_cast<F>(1), static_cast<int>(random_() % 250) - 125);
  }
  std::string Text() {
    static const std::string kPieces[] = {
        "", "a", "\"", "\\", "\n", std::string(1, '\0'), "ü", "😀", "long enough to own memory"};
    std::string text;
    for (auto i = random_() % 5; i > 0; --i) text += kPieces[random_() % std::size(kPieces)];
    return text;
  }
  std::mt19937_64 random_;
};

TEST(JsonFormat, RandomRecordsSurviveTheRoundTrip) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  RandomOrders orders(seed);
  JsonFormat<Order> format;
  Order read;
  for (int i = 0; i < 2'000; ++i) {
    const Order order = orders.Next();
    const std::string text = Write(order);
    const Status status = format.Deserialize(text, read);
    ASSERT_TRUE(status.ok()) << status.ToString() << "\n" << text;
    ASSERT_EQ(read, order) << text;
  }
}

// Neither random bytes nor broken records do more than be refused.
TEST(JsonFormat, HostileBytesAreRefusedOrRead) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  RandomOrders orders(seed);
  auto& random = orders.engine();
  JsonFormat<Order> format;
  Order read;
  int refused = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::string text = i % 4 == 0 ? std::string() : Write(orders.Next());
    if (i % 4 == 0) {
      for (auto n = random() % 64; n > 0; --n) text += "{}[]\",:\\0123e.-tfn \xff"[random() % 21];
    }
    for (auto n = 1 + random() % 4; n > 0 && !text.empty(); --n) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.erase(at, random() % 20);
      } else {
        text[at] = static_cast<char>(random());
      }
    }
    refused += format.Deserialize(text, read).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, 1'000);
}

}  // namespace
}  // namespace weir::json
