#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weir/internal/batch_channel_type.h>

#include "tests/unit/sdk/chain_elements.h"

namespace weir {
namespace {

using internal::Batch;
using internal::BatchChannelType;
using internal::kMaximumBatchCapacity;

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

// `spread`: timestamps are 0 to `spread`.
template <class Type>
void ExpectRoundTrip(const Type& type, std::size_t soft_limit, std::int64_t spread) {
  const auto batch = Events(100);
  for (std::uint32_t i = 0; i < batch->size(); ++i) batch->timestamp(i) = i % (spread + 1);
  std::vector<std::byte> bytes(7);  // room from before
  std::size_t used = 0;
  std::uint32_t from = 0;
  while (from < batch->size()) {
    const std::uint32_t before = from;
    from = type.Encode(*batch, from, used + soft_limit, bytes, used);
    ASSERT_GT(from, before) << "at least one record each time";
    ASSERT_LE(used, bytes.size());
  }
  bytes.resize(used);
  std::span<const std::byte> rest(bytes);
  std::uint32_t next = 0;
  while (!rest.empty()) {
    auto any = type.NewBatch(kMaximumBatchCapacity);
    const Result<std::size_t> consumed = type.Decode(rest, *any);
    ASSERT_TRUE(consumed.ok()) << consumed.status().ToString();
    auto& decoded = static_cast<Batch<Event>&>(*any);
    ASSERT_GT(decoded.size(), 0u);
    for (std::uint32_t i = 0; i < decoded.size(); ++i, ++next) {
      EXPECT_EQ(decoded[i], (*batch)[next]);
      EXPECT_EQ(decoded.timestamp(i), next % (spread + 1));
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
    for (std::int64_t spread : {0, 1, 200}) {
      ExpectRoundTrip(BatchChannelType<Event>(), soft_limit, spread);
      ExpectRoundTrip(BatchChannelType<Event, ByUser>(), soft_limit, spread);
      ExpectRoundTrip(BatchChannelType<Event, ByText>(), soft_limit, spread);
    }
  }
}

// Plain records cross as columns.
struct Plain {
  std::int64_t id = 0;
  double value = 0;
  bool operator==(const Plain&) const = default;
};
struct ById {
  std::int64_t operator()(const Plain& plain) const { return plain.id; }
};
struct ByIdText {
  std::string operator()(const Plain& plain) const { return std::to_string(plain.id); }
};

template <class Selector>
void ExpectPlainRoundTrip(std::size_t soft_limit, bool timestamps) {
  const BatchChannelType<Plain, Selector> type;
  auto any = type.NewBatch(300);
  auto& batch = static_cast<Batch<Plain>&>(*any);
  for (int i = 0; i < 300; ++i) batch.Next(timestamps ? i : internal::kNoTimestamp) = {i, i * 0.5};
  std::vector<std::byte> bytes;
  std::size_t used = 0;
  for (std::uint32_t from = 0; from < 300;) {
    const std::size_t limit = used + soft_limit;
    from = type.Encode(batch, from, limit, bytes, used);
    if (soft_limit >= 64) {
      EXPECT_LE(used, limit) << "of records of one size as many as fit";
    }
  }
  bytes.resize(used);
  auto target = type.NewBatch(kMaximumBatchCapacity);
  const auto consumed = type.Decode(bytes, *target);
  ASSERT_TRUE(consumed.ok());
  EXPECT_EQ(*consumed, bytes.size());
  ASSERT_EQ(target->size(), 300u);
  auto& decoded = static_cast<Batch<Plain>&>(*target);
  for (std::uint32_t i = 0; i < 300; ++i) {
    EXPECT_EQ(decoded[i], batch[i]);
    EXPECT_EQ(decoded.timestamp(i), batch.timestamp(i));
    EXPECT_EQ(
        decoded.key_hashes()[i],
        StableHash(std::remove_cvref_t<decltype(Selector()(decoded[i]))>(Selector()(decoded[i]))));
  }
}

TEST(BatchChannelType, PlainRecordsRoundTripAsColumns) {
  for (std::size_t soft_limit : {1, 64, 1000, 100'000}) {
    for (bool timestamps : {false, true}) {
      ExpectPlainRoundTrip<ById>(soft_limit, timestamps);
      ExpectPlainRoundTrip<ByIdText>(soft_limit, timestamps);
    }
  }
}

TEST(BatchChannelType, ARunThatDoesNotFitTheRestOfABatchWaitsForTheNext) {
  const BatchChannelType<Event> type;
  const auto batch = Events(100);
  std::vector<std::byte> bytes;
  std::size_t used = 0;
  type.Encode(*batch, 0, 1'000'000, bytes, used);
  const std::size_t first_run = used;
  type.Encode(*batch, 0, 1'000'000, bytes, used);
  bytes.resize(used);
  Batch<Event> target(150);
  const auto consumed = type.Decode(bytes, target);
  ASSERT_TRUE(consumed.ok());
  EXPECT_EQ(*consumed, first_run);
  EXPECT_EQ(target.size(), 100u);
  Batch<Event> small(64);
  EXPECT_EQ(type.Decode(bytes, small).status().code(), StatusCode::kCorruption);
}

TEST(BatchChannelType, OnlyHashesOfCostlyKeysAreShipped) {
  EXPECT_FALSE((BatchChannelType<Event>().ships_key_hashes()));
  EXPECT_FALSE((BatchChannelType<Event, ByUser>().ships_key_hashes()));
  EXPECT_TRUE((BatchChannelType<Event, ByText>().ships_key_hashes()));
}

std::string HexOf(const std::vector<std::byte>& bytes, std::size_t used) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < used; ++i) {
    text += kDigits[std::to_integer<unsigned>(bytes[i]) >> 4];
    text += kDigits[std::to_integer<unsigned>(bytes[i]) & 15];
  }
  return text;
}

// docs/formats/records.md says what these are.
TEST(BatchChannelType, GoldenBytesOfRows) {
  auto batch = testing::MakeBatch<Event>({{1, "ab"}, {2, ""}});
  std::vector<std::byte> bytes;
  std::size_t used = 0;
  BatchChannelType<Event>().Encode(*batch, 0, 1000, bytes, used);
  EXPECT_EQ(HexOf(bytes, used),
            "0200000002000000"  // two records, each with a timestamp
            "0000000000000000"
            "01000000"
            "02000000"
            "6162"  //
            "0100000000000000"
            "02000000"
            "00000000");
  batch->timestamp(1) = 0;
  used = 0;
  BatchChannelType<Event>().Encode(*batch, 0, 1000, bytes, used);
  EXPECT_EQ(HexOf(bytes, used),
            "0200000001000000"
            "0000000000000000"
            "01000000"
            "02000000"
            "6162"
            "02000000"
            "00000000");
}

TEST(BatchChannelType, GoldenBytesOfColumns) {
  auto batch = testing::MakeBatch<std::int32_t>({5, 6});
  std::vector<std::byte> bytes;
  std::size_t used = 0;
  BatchChannelType<std::int32_t>().Encode(*batch, 0, 1000, bytes, used);
  EXPECT_EQ(HexOf(bytes, used),
            "0200000002000000"
            "0000000000000000"
            "0100000000000000"
            "05000000"
            "06000000");
  batch->timestamp(0) = batch->timestamp(1) = internal::kNoTimestamp;
  used = 0;
  BatchChannelType<std::int32_t>().Encode(*batch, 0, 1000, bytes, used);
  EXPECT_EQ(HexOf(bytes, used),
            "0200000000000000"
            "05000000"
            "06000000");
}

TEST(BatchChannelType, ShippedHashesStandBeforeTheirRecords) {
  auto batch = testing::MakeBatch<Event>({{1, "ab"}});
  std::vector<std::byte> bytes;
  std::size_t used = 0;
  BatchChannelType<Event, ByText>().Encode(*batch, 0, 1000, bytes, used);
  ASSERT_EQ(used, 16u + 8 + 4 + 4 + 2);
  std::uint64_t hash = 0;
  std::memcpy(&hash, bytes.data() + 16, sizeof(hash));
  EXPECT_EQ(hash, StableHash(std::string("ab")));
}

TEST(BatchChannelType, EveryCutWithinARecordIsCorruption) {
  const BatchChannelType<Event, ByText> type;
  auto batch = testing::MakeBatch<Event>({{1, "abc"}});
  std::vector<std::byte> bytes;
  std::size_t used = 0;
  type.Encode(*batch, 0, 1000, bytes, used);
  for (std::size_t length = 1; length < used; ++length) {
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

// What is left is what a subtask of that range would have got, in its order.
template <class Type, class Hash>
void ExpectRetained(const Type& type, Hash hash) {
  constexpr std::uint32_t kGroups = 16;
  for (const bool hashed : {false, true}) {
    std::size_t kept = 0;
    for (std::uint32_t first = 0; first < kGroups; first += 4) {
      const auto batch = Events(100);
      for (std::uint32_t i = 0; i < batch->size(); ++i) batch->timestamp(i) = i;
      std::vector<std::pair<Event, std::int64_t>> expected;
      for (std::uint32_t i = 0; i < batch->size(); ++i) {
        if (hashed) batch->key_hashes()[i] = hash((*batch)[i]);
        const std::uint32_t group = KeyGroupOf(hash((*batch)[i]), kGroups);
        if (group >= first && group < first + 4) expected.emplace_back((*batch)[i], i);
      }
      if (hashed) batch->SetHasKeyHashes();
      type.RetainKeyGroups(*batch, first, 4, kGroups);
      ASSERT_EQ(batch->size(), expected.size());
      for (std::uint32_t i = 0; i < batch->size(); ++i) {
        EXPECT_EQ((*batch)[i], expected[i].first);
        EXPECT_EQ(batch->timestamp(i), expected[i].second);
        if (hashed) EXPECT_EQ(batch->key_hashes()[i], hash((*batch)[i]));
      }
      kept += batch->size();
    }
    EXPECT_EQ(kept, 100u);
  }
}

TEST(BatchChannelTypeTest, KeepsTheKeyGroupsAskedFor) {
  ExpectRetained(BatchChannelType<Event, ByUser>(),
                 [](const Event& event) { return StableHash(event.user); });
  ExpectRetained(BatchChannelType<Event, ByText>(),
                 [](const Event& event) { return StableHash(event.text); });
}

TEST(BatchChannelTypeTest, TellsWhatARecordIsMadeOf) {
  EXPECT_NE(BatchChannelType<Event>().schema(), BatchChannelType<std::int32_t>().schema());
  EXPECT_EQ(BatchChannelType<Event>().schema(), internal::SchemaOf<Event>());
}

}  // namespace
}  // namespace weir
