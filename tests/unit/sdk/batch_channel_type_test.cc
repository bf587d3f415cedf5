#include <string>

#include <gtest/gtest.h>

#include <weir/internal/batch_channel_type.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir {
namespace {

using internal::Batch;
using internal::BatchChannelType;

struct Event {
  std::int32_t user = 0;
  std::string text;
  bool operator==(const Event&) const = default;
};
struct ByUser {
  std::int32_t operator()(const Event& event) const { return event.user; }
};
struct ByText {
  const std::string& operator()(const Event& event) const { return event.text; }
};

std::unique_ptr<Batch<Event>> Events(int count) {
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) events.push_back({i % 7, std::string(i % 50, 'a')});
  return testing::MakeBatch(events);
}

template <class Type>
void ExpectRoundTrip(const Type& type, std::size_t soft_limit, std::uint32_t target_capacity) {
  const auto batch = Events(100);
  std::vector<std::byte> bytes;
  std::uint32_t from = 0;
  while (from < batch->size()) {
    const std::size_t before = bytes.size();
    from = type.Encode(*batch, from, before + soft_limit, bytes);
    ASSERT_GT(bytes.size(), before) << "at least one record each time";
  }
  std::span<const std::byte> rest(bytes);
  std::uint32_t next = 0;
  while (!rest.empty()) {
    auto any = type.NewBatch(target_capacity);
    const Result<std::size_t> consumed = type.Decode(rest, *any);
    ASSERT_TRUE(consumed.ok()) << consumed.status().ToString();
    auto& decoded = static_cast<Batch<Event>&>(*any);
    ASSERT_GT(decoded.size(), 0u);
    for (std::uint32_t i = 0; i < decoded.size(); ++i, ++next) {
      EXPECT_EQ(decoded[i], (*batch)[next]);
      EXPECT_EQ(decoded.timestamp(i), next);
      if constexpr (Type::kKeyed) {
        ASSERT_TRUE(decoded.has_key_hashes());
        using Key = typename Type::Key;
        if constexpr (std::is_same_v<Key, std::string>) {
          EXPECT_EQ(decoded.key_hashes()[i], StableHash(decoded[i].text));
        } else {
          EXPECT_EQ(decoded.key_hashes()[i], StableHash(decoded[i].user));
        }
      }
    }
    rest = rest.subspan(*consumed);
  }
  EXPECT_EQ(next, batch->size());
}

TEST(BatchChannelType, RoundTripsInPiecesOfAnySize) {
  for (std::size_t soft_limit : {1, 30, 1000, 1'000'000}) {
    for (std::uint32_t capacity : {1u, 16u, 1024u}) {
      ExpectRoundTrip(BatchChannelType<Event>(), soft_limit, capacity);
      ExpectRoundTrip(BatchChannelType<Event, ByUser>(), soft_limit, capacity);
      ExpectRoundTrip(BatchChannelType<Event, ByText>(), soft_limit, capacity);
    }
  }
}

TEST(BatchChannelType, OnlyHashesOfCostlyKeysAreShipped) {
  EXPECT_FALSE((BatchChannelType<Event>().ships_key_hashes()));
  EXPECT_FALSE((BatchChannelType<Event, ByUser>().ships_key_hashes()));
  EXPECT_TRUE((BatchChannelType<Event, ByText>().ships_key_hashes()));
}

TEST(BatchChannelType, GoldenBytes) {
  auto batch = testing::MakeBatch<Event>({{1, "ab"}});
  std::vector<std::byte> bytes;
  BatchChannelType<Event, ByText>().Encode(*batch, 0, 1000, bytes);
  ASSERT_EQ(bytes.size(), 8u + 8 + 4 + 4 + 2);
  ByteReader reader(bytes);
  std::int64_t timestamp = -1;
  std::uint64_t hash = 0;
  std::int32_t user = 0;
  ASSERT_TRUE(reader.ReadFixed(timestamp) && reader.ReadFixed(hash) && reader.ReadFixed(user));
  EXPECT_EQ(timestamp, 0);
  EXPECT_EQ(hash, StableHash(std::string("ab")));
  EXPECT_EQ(user, 1);
}

TEST(BatchChannelType, EveryCutWithinARecordIsCorruption) {
  const BatchChannelType<Event, ByText> type;
  auto batch = testing::MakeBatch<Event>({{1, "abc"}});
  std::vector<std::byte> bytes;
  type.Encode(*batch, 0, 1000, bytes);
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    auto target = type.NewBatch(16);
    const auto decoded = type.Decode(std::span(bytes).first(length), *target);
    ASSERT_FALSE(decoded.ok()) << length;
    EXPECT_EQ(decoded.status().code(), StatusCode::kCorruption);
    EXPECT_NE(decoded.status().message().find("Event"), std::string::npos);
  }
}

TEST(BatchChannelType, NamesTheType) {
  EXPECT_EQ(BatchChannelType<std::string>().type_name(), "std::string");
  EXPECT_EQ(BatchChannelType<int>().type_name(), "int");
}

}  // namespace
}  // namespace weir
