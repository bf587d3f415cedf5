#include <random>
#include <string>

#include <gtest/gtest.h>

#include <weir/serializer.h>

namespace weir {
namespace {

enum class WideColor : std::uint16_t { kRed = 0x1234 };
struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  bool operator==(const Point&) const = default;
};
struct Padded {
  std::int8_t a = 0;
  std::int32_t b = 0;
  bool operator==(const Padded&) const = default;
};
struct Everything {
  std::int64_t id = 0;
  bool flag = false;
  WideColor color{};
  double ratio = 0;
  std::string name;
  std::optional<std::string> nick;
  std::vector<Point> points;
  std::vector<std::string> tags;
  std::vector<bool> bits;
  std::array<std::int16_t, 3> triple{};
  std::pair<std::uint8_t, std::string> pair;
  std::tuple<float, Padded> tuple;
  bool operator==(const Everything&) const = default;
};
struct Tree {
  std::int32_t value = 0;
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
};
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
struct Named {
  std::int32_t counts[2] = {0, 0};
  std::string name;
};
WEIR_FIELDS(Named, name, counts)
struct Widest {
  std::int8_t a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C,
      D, E, F;
};
class Money {
 public:
  Money() = default;
  explicit Money(std::int64_t cents) : cents_(cents) {}
  std::int64_t cents() const { return cents_; }

 private:
  std::int64_t cents_ = 0;
};

}  // namespace

template <>
struct Serializer<Money> {
  static void Write(ByteWriter& out, const Money& value) { out.WriteFixed(value.cents()); }
  [[nodiscard]] static bool Read(ByteReader& in, Money& value) {
    std::int64_t cents = 0;
    if (!in.ReadFixed(cents) || cents < 0) return false;
    value = Money(cents);
    return true;
  }
};

namespace {

static_assert(internal::kWholeCopy<Point>);
static_assert(internal::kWholeCopy<std::array<Point, 4>>);
static_assert(!internal::kWholeCopy<Padded>, "padding would leak and differ");
static_assert(!internal::kWholeCopy<bool>, "a byte 2 is no bool");
static_assert(!internal::kWholeCopy<Money>, "its own serializer decides");
static_assert(internal::kAggregateFieldCount<Everything> == 12);
static_assert(internal::kAggregateFieldCount<Widest> == 32);

template <class T>
std::vector<std::byte> BytesOf(const T& value) {
  std::vector<std::byte> bytes;
  SerializeTo(value, bytes);
  return bytes;
}
std::string Hexadecimal(const std::vector<std::byte>& bytes) {
  std::string text;
  for (std::byte b : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", std::to_integer<unsigned>(b));
    text += digits;
  }
  return text;
}

Everything Example() {
  Everything value;
  value.id = -2;
  value.flag = true;
  value.color = WideColor::kRed;
  value.ratio = 0.5;
  value.name = "Weir";
  value.nick = "w";
  value.points = {{1, 2}, {3, 4}};
  value.tags = {"", "ab"};
  value.bits = {true, false, true};
  value.triple = {1, 2, 3};
  value.pair = {9, "p"};
  value.tuple = {1.0f, {1, 2}};
  return value;
}

// As documented in docs/formats/records.md.
TEST(Serializer, GoldenBytes) {
  EXPECT_EQ(Hexadecimal(BytesOf(std::int32_t{-2})), "feffffff");
  EXPECT_EQ(Hexadecimal(BytesOf(true)), "01");
  EXPECT_EQ(Hexadecimal(BytesOf(std::string("ab"))), "020000006162");
  EXPECT_EQ(Hexadecimal(BytesOf(Padded{1, 2})), "0102000000");
  EXPECT_EQ(Hexadecimal(BytesOf(std::optional<std::int16_t>())), "00");
  EXPECT_EQ(Hexadecimal(BytesOf(std::optional<std::int16_t>(5))), "010500");
  EXPECT_EQ(Hexadecimal(BytesOf(std::vector<std::uint8_t>{7, 8})), "020000000708");
  EXPECT_EQ(Hexadecimal(BytesOf(Named{{1, 2}, "n"})), "010000006e0100000002000000");
  EXPECT_EQ(Hexadecimal(BytesOf(Example())),
            "feffffffffffffff"
            "01"
            "3412"
            "000000000000e03f"
            "0400000057656972"
            "010100000077"
            "0200000001000000020000000300000004000000"
            "0200000000000000020000006162"
            "03000000010001"
            "010002000300"
            "090100000070"
            "0000803f0102000000");
}

template <class T>
void ExpectRoundTrip(const T& value) {
  const Result<T> back = Deserialize<T>(BytesOf(value));
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(*back, value);
}

TEST(Serializer, RoundTrips) {
  ExpectRoundTrip(Example());
  ExpectRoundTrip(Everything{});
  ExpectRoundTrip(Nothing{});
  ExpectRoundTrip(Tree{1, {{2, {}}, {3, {{4, {}}}}}});
  ExpectRoundTrip(std::string(100'000, 'x'));
  ExpectRoundTrip(std::vector<std::vector<std::string>>{{}, {"a"}, {"b", ""}});
  EXPECT_EQ(Deserialize<Money>(BytesOf(Money(7)))->cents(), 7);
}

TEST(Serializer, ReadsIntoAnOldRecord) {
  Everything slot = Example();
  slot.tags = {"x", "y", "z"};
  const Everything fresh{};
  const auto bytes = BytesOf(fresh);
  ByteReader reader(bytes);
  ASSERT_TRUE(Serializer<Everything>::Read(reader, slot));
  EXPECT_EQ(slot, fresh);
}

TEST(Serializer, EveryCutIsCorruption) {
  const auto bytes = BytesOf(Example());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto cut = Deserialize<Everything>(std::span(bytes).first(length));
    ASSERT_FALSE(cut.ok()) << length;
    EXPECT_EQ(cut.status().code(), StatusCode::kCorruption);
  }
  auto longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(Deserialize<Everything>(longer).ok());
}

TEST(Serializer, AnyBytesAreReadOrRefused) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto good = BytesOf(Example());
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    const std::size_t changes = 1 + random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    const auto read = Deserialize<Everything>(bytes);
    // What is read is a value like any other.
    if (read.ok()) {
      EXPECT_EQ(BytesOf(*read).size(), bytes.size());
    }
  }
}

TEST(Serializer, AHugeLengthAllocatesNothing) {
  const std::vector<std::byte> bytes(4, std::byte{0xff});
  EXPECT_FALSE(Deserialize<std::vector<Everything>>(bytes).ok());
  EXPECT_FALSE(Deserialize<std::string>(bytes).ok());
}

TEST(Serializer, BytesDoNotChooseTheStack) {
  // A chain of trees, each the only child of the one before: value, count 1, value, count 1, …
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  for (int level = 0; level < 1'000'000; ++level) {
    writer.WriteFixed<std::int32_t>(level);
    writer.WriteLength(1);
  }
  writer.WriteFixed<std::int32_t>(-1);
  writer.WriteLength(0);
  writer.Finish();
  EXPECT_FALSE(Deserialize<Tree>(bytes).ok());
}

TEST(Serializer, ValuesThatNeverWereAreRefused) {
  EXPECT_FALSE(Deserialize<bool>(std::vector<std::byte>{std::byte{2}}).ok());
  EXPECT_FALSE(Deserialize<std::optional<int>>(std::vector<std::byte>{std::byte{2}}).ok());
  EXPECT_FALSE(Deserialize<Money>(BytesOf(std::int64_t{-1})).ok());
}

TEST(Serializer, NamesOfFields) {
  constexpr auto fields = internal::kNamedFields<Named>;
  EXPECT_EQ(std::get<0>(fields).name, "name");
  EXPECT_EQ(std::get<1>(fields).name, "counts");
}

}  // namespace
}  // namespace weir
