// Containers with keys, variants, times, protobuf messages: bytes, round trips, bytes of others.
#include <chrono>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <weir/serializer.h>
#include <weir/stable_hash.h>

namespace weir {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::time_point<std::chrono::system_clock, milliseconds>;
using Choice = std::variant<std::monostate, std::int32_t, std::string>;

struct Everything {
  std::map<std::string, std::vector<std::int16_t>> by_name;
  std::unordered_map<std::int32_t, std::string> by_number;
  std::set<std::pair<std::int8_t, std::string>> pairs;
  std::unordered_set<std::uint64_t> numbers;
  std::vector<Choice> choices;
  milliseconds pause{};
  Time time;
  std::chrono::duration<double> measured{};
  bool operator==(const Everything&) const = default;
};
struct Stamped {
  Time time;
  std::int64_t value = 0;
};
struct Folder {
  std::map<std::string, Folder> folders;
  std::int32_t files = 0;
  bool operator==(const Folder&) const = default;
};

// What protoc generates, as far as the SDK looks at it: one string.
class Message {
 public:
  std::size_t ByteSizeLong() const { return text.size(); }
  bool SerializeToArray(void* room, int size) const {
    std::memcpy(room, text.data(), static_cast<std::size_t>(size));
    return true;
  }
  bool ParseFromArray(const void* bytes, int size) {
    text.assign(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
    return text != "bad";
  }
  bool IsInitialized() const { return text != "incomplete"; }

  std::string text;

 private:
  [[maybe_unused]] int private_ = 0;  // no aggregate, as messages are none
};

static_assert(internal::kWholeCopy<Stamped>, "times are numbers in memory");
static_assert(internal::kAggregateFieldCount<Everything> == 8);

template <class T>
std::vector<std::byte> BytesOf(const T& value) {
  std::vector<std::byte> bytes;
  SerializeTo(value, bytes);
  return bytes;
}
template <class T>
std::string Hexadecimal(const T& value) {
  std::string text;
  for (std::byte b : BytesOf(value)) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", std::to_integer<unsigned>(b));
    text += digits;
  }
  return text;
}

// As documented in docs/formats/records.md.
TEST(StandardSerializers, GoldenBytes) {
  EXPECT_EQ(Hexadecimal(std::map<std::string, std::int16_t>{{"b", 2}, {"a", 1}}),
            "02000000"
            "01000000610100"
            "01000000620200");
  EXPECT_EQ(Hexadecimal(std::unordered_map<std::int8_t, bool>{{7, true}}), "010000000701");
  EXPECT_EQ(Hexadecimal(std::set<std::int16_t>{2, 1}), "0200000001000200");
  EXPECT_EQ(Hexadecimal(std::unordered_set<std::int16_t>{}), "00000000");
  EXPECT_EQ(Hexadecimal(Choice()), "00");
  EXPECT_EQ(Hexadecimal(Choice(5)), "0105000000");
  EXPECT_EQ(Hexadecimal(Choice("ab")), "02020000006162");
  EXPECT_EQ(Hexadecimal(milliseconds(-2)), "feffffffffffffff");
  EXPECT_EQ(Hexadecimal(Time(milliseconds(258))), "0201000000000000");
  EXPECT_EQ(Hexadecimal(Stamped{Time(milliseconds(1)), 2}), "01000000000000000200000000000000");
  Message message;
  message.text = "xyz";
  EXPECT_EQ(Hexadecimal(message), "0300000078797a");
}

std::string RandomText(std::mt19937_64& random) {
  return std::string(random() % 5, static_cast<char>('a' + random() % 3));
}

Everything RandomValue(std::mt19937_64& random) {
  Everything value;
  for (std::uint64_t i = random() % 6; i > 0; --i) {
    value.by_name[RandomText(random)].assign(random() % 4, static_cast<std::int16_t>(random()));
    value.by_number[static_cast<std::int32_t>(random() % 50)] = RandomText(random);
    value.pairs.emplace(static_cast<std::int8_t>(random()), RandomText(random));
    value.numbers.insert(random());
    switch (random() % 3) {
      case 0:
        value.choices.emplace_back();
        break;
      case 1:
        value.choices.emplace_back(static_cast<std::int32_t>(random()));
        break;
      default:
        value.choices.emplace_back(RandomText(random));
    }
  }
  value.pause = milliseconds(static_cast<std::int64_t>(random()));
  value.time = Time(milliseconds(static_cast<std::int64_t>(random())));
  value.measured = std::chrono::duration<double>(static_cast<double>(random() % 1000) / 8);
  return value;
}

TEST(StandardSerializers, RandomValuesComeBackAlsoIntoOldRecords) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Everything slot;
  for (int round = 0; round < 2000; ++round) {
    const Everything value = RandomValue(random);
    const auto bytes = BytesOf(value);
    ByteReader reader(bytes);
    ASSERT_TRUE(Serializer<Everything>::Read(reader, slot));
    ASSERT_TRUE(reader.empty());
    ASSERT_EQ(slot, value);
  }
}

TEST(StandardSerializers, AnyBytesAreReadOrRefused) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 5000; ++round) {
    auto bytes = BytesOf(RandomValue(random));
    for (std::size_t length = 0; round < 20 && length < bytes.size(); ++length) {
      ASSERT_FALSE(Deserialize<Everything>(std::span(bytes).first(length)).ok()) << length;
    }
    for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    const auto read = Deserialize<Everything>(bytes);
    if (read.ok()) {
      EXPECT_EQ(BytesOf(*read).size(), bytes.size());
    }
  }
}

TEST(StandardSerializers, WhatNeverWasIsRefused) {
  const auto read = [](auto type, std::string_view bytes) {
    return Deserialize<decltype(type)>(std::as_bytes(std::span(bytes))).ok();
  };
  using namespace std::string_view_literals;
  EXPECT_TRUE(read(std::map<std::int8_t, std::int8_t>(), "\2\0\0\0\1\5\2\5"sv));
  EXPECT_FALSE(read(std::map<std::int8_t, std::int8_t>(), "\2\0\0\0\1\5\1\6"sv)) << "twice";
  EXPECT_FALSE(read(std::unordered_map<std::int8_t, bool>(), "\1\0\0\0\1\2"sv)) << "no bool";
  EXPECT_FALSE(read(std::set<std::int8_t>(), "\2\0\0\0\1\1"sv)) << "twice";
  EXPECT_FALSE(read(std::unordered_set<std::int8_t>(), "\xff\xff\xff\xff\1"sv)) << "a huge count";
  EXPECT_FALSE(read(Choice(), "\3\0\0\0\0"sv)) << "no such alternative";
  EXPECT_TRUE(read(Message(), "\1\0\0\0x"sv));
  EXPECT_FALSE(read(Message(), "\3\0\0\0bad"sv));
  EXPECT_FALSE(read(Message(), "\4\0\0\0bad"sv));
}

TEST(StandardSerializers, BytesDoNotChooseTheStack) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  for (int level = 0; level < 1'000'000; ++level) {
    writer.WriteLength(1);
    writer.WriteString("");
  }
  writer.WriteLength(0);
  for (int level = 0; level <= 1'000'000; ++level) writer.WriteFixed<std::int32_t>(level);
  writer.Finish();
  EXPECT_FALSE(Deserialize<Folder>(bytes).ok());
  const Folder good{{{"a", {{{"b", {{}, 1}}}, 2}}}, 3};
  EXPECT_EQ(*Deserialize<Folder>(BytesOf(good)), good);
}

TEST(StandardSerializers, WhatCannotBeWrittenThrows) {
  std::vector<std::byte> bytes;
  Message message;
  message.text = "incomplete";
  EXPECT_THROW(SerializeTo(message, bytes), std::invalid_argument);
}

// The vectors published in docs/formats/stable-hash.md.
TEST(StandardHashes, Vectors) {
  EXPECT_EQ(StableHash(std::set<int>{2, 1}), 0x2a37ee644fbdaef7u);
  EXPECT_EQ((StableHash(std::map<int, int>{{2, 20}, {1, 10}})), 0x991b8323e2733fc7u);
  EXPECT_EQ((StableHash(std::variant<std::string, int>(7))), 0x8e05906aea35a3d3u);
  EXPECT_EQ(StableHash(milliseconds(1500)), 0x0ffaac7d92235191u);
  EXPECT_EQ(StableHash(Time(milliseconds(1500))), 0x0ffaac7d92235191u);
  EXPECT_EQ(StableHash(std::monostate()), 0u);
}

}  // namespace
}  // namespace weir
