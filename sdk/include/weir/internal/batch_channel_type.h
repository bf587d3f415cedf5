// ChannelType for batches of T: typed batches in, bytes out, and back.
//
// On the wire a batch is one or more runs (internal/record_run.h): timestamps that say nothing are
// left out, and records whose memory is their encoding are copied as a block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/batch.h>
#include <weir/internal/channel.h>
#include <weir/internal/record_run.h>
#include <weir/internal/type_name.h>
#include <weir/internal/type_schema.h>
#include <weir/serializer.h>
#include <weir/stable_hash.h>
#include <weir/status.h>

namespace weir::internal {

// The KeySelector of an edge that is not keyed.
struct NoKeySelector {};

template <class KeySelector, class T>
struct KeyOf {
  using Type = std::remove_cvref_t<std::invoke_result_t<const KeySelector&, const T&>>;
};
template <class T>
struct KeyOf<NoKeySelector, T> {
  using Type = void;
};

// KeySelector: called as const from any thread, on records that were just decoded. Keys that are
// arithmetic or enums are hashed again by the receiver; the hashes of all others are shipped.
template <class T, class KeySelector = NoKeySelector>
class BatchChannelType final : public ChannelType {
 public:
  using Key = typename KeyOf<KeySelector, T>::Type;
  static constexpr bool kKeyed = !std::is_same_v<KeySelector, NoKeySelector>;
  static constexpr bool kShipsKeyHashes =
      kKeyed && !std::is_arithmetic_v<Key> && !std::is_enum_v<Key>;

  explicit BatchChannelType(KeySelector key_selector = KeySelector())
      : key_selector_(std::move(key_selector)), type_name_(TypeName<T>()) {}

  std::unique_ptr<AnyBatch> NewBatch(std::uint32_t capacity) const override {
    return std::make_unique<Batch<T>>(BatchCapacity<T>(capacity));
  }

  std::uint32_t Encode(const AnyBatch& any, std::uint32_t from, std::size_t soft_limit,
                       std::vector<std::byte>& out, std::size_t& used) const override {
    const auto& batch = static_cast<const Batch<T>&>(any);
    ByteWriter writer(out, used);
    std::uint32_t end = 0;
    if constexpr (kWholeCopy<T>) {
      end = WriteColumns(batch, from, soft_limit, writer);
    } else {
      end = WriteRows(batch, from, soft_limit, writer);
    }
    used = writer.size();
    return end;
  }

  Result<std::size_t> Decode(std::span<const std::byte> bytes, AnyBatch& any) const override {
    auto& batch = static_cast<Batch<T>&>(any);
    ByteReader reader(bytes);
    std::size_t consumed = 0;
    while (!reader.empty()) {
      RunHeader header;
      bool good = ReadRunHeader(reader, header);
      if (good && header.count > batch.capacity() - batch.size()) {
        if (!batch.empty()) break;
        return Malformed(bytes, "a run of " + std::to_string(header.count) + " records");
      }
      const std::uint32_t first = batch.size();
      if constexpr (kWholeCopy<T>) {
        good = good && ReadColumns(reader, header, batch);
      } else {
        good = good && ReadRows(reader, header, batch);
      }
      if (!good) return Malformed(bytes, "record " + std::to_string(batch.size()));
      if constexpr (kKeyed && !kShipsKeyHashes) HashFrom(first, batch);
      consumed = reader.position();
    }
    if constexpr (kKeyed) batch.SetHasKeyHashes();
    return consumed;
  }

  void RetainKeyGroups(AnyBatch& any, std::uint32_t first_group, std::uint32_t group_count,
                       std::uint32_t max_parallelism) const override {
    if constexpr (kKeyed) {
      auto& batch = static_cast<Batch<T>&>(any);
      std::uint32_t kept = 0;
      for (std::uint32_t i = 0; i < batch.size(); ++i) {
        const std::uint64_t hash = HashOf(batch, i);
        if (KeyGroupOf(hash, max_parallelism) - first_group >= group_count) continue;
        if (kept != i) {
          std::swap(batch[kept], batch[i]);
          batch.timestamp(kept) = batch.timestamp(i);
        }
        batch.key_hashes()[kept++] = hash;
      }
      batch.Truncate(kept);
    }
  }

  bool ships_key_hashes() const override { return kShipsKeyHashes; }
  const std::string& type_name() const override { return type_name_; }
  std::string schema() const override { return SchemaOf<T>(); }

 private:
  static constexpr std::size_t kHashSize = kShipsKeyHashes ? sizeof(std::uint64_t) : 0;

  std::uint64_t HashOf(const Batch<T>& batch, std::uint32_t i) const {
    return batch.has_key_hashes() ? batch.key_hashes()[i]
                                  : StableHasher<Key>::Hash(key_selector_(batch[i]));
  }

  // Timestamps, hashes, records: each a block.
  std::uint32_t WriteColumns(const Batch<T>& batch, std::uint32_t from, std::size_t soft_limit,
                             ByteWriter& writer) const {
    RunHeader header = DescribeRun(batch, from);
    const std::size_t record_size = sizeof(T) + kHashSize + header.timestamp_size();
    const std::size_t used = writer.size() + header.size();
    const std::size_t fitting = soft_limit > used ? (soft_limit - used) / record_size : 0;
    header.count =
        static_cast<std::uint32_t>(std::clamp<std::size_t>(fitting, 1, batch.size() - from));
    WriteRunHeader(writer, header);
    if (header.timestamps == RunTimestamps::kEach) {
      writer.WriteBytes(batch.timestamps() + from, header.count * sizeof(std::int64_t));
    }
    if constexpr (kShipsKeyHashes) {
      for (std::uint32_t i = 0; i < header.count; ++i) writer.WriteFixed(HashOf(batch, from + i));
    }
    writer.WriteBytes(batch.records() + from, header.count * sizeof(T));
    return from + header.count;
  }

  // Each record behind its timestamp and hash.
  std::uint32_t WriteRows(const Batch<T>& batch, std::uint32_t from, std::size_t soft_limit,
                          ByteWriter& writer) const {
    RunHeader header = DescribeRun(batch, from);
    const std::size_t place = writer.size();
    WriteRunHeader(writer, header);
    std::uint32_t i = from;
    do {
      if (header.timestamps == RunTimestamps::kEach) writer.WriteFixed(batch.timestamp(i));
      if constexpr (kShipsKeyHashes) writer.WriteFixed(HashOf(batch, i));
      Serializer<T>::Write(writer, batch[i]);
    } while (++i < batch.size() && writer.size() < soft_limit);
    writer.Overwrite(place, i - from);
    return i;
  }

  static bool ReadColumns(ByteReader& reader, const RunHeader& header, Batch<T>& batch) {
    const std::size_t record_size = sizeof(T) + kHashSize + header.timestamp_size();
    if (reader.remaining() / record_size < header.count) return false;
    const std::uint32_t first = batch.Claim(header.count);
    bool good = true;
    if (header.timestamps == RunTimestamps::kEach) {
      good = reader.ReadBytes(batch.timestamps() + first, header.count * sizeof(std::int64_t));
    } else {
      std::fill_n(batch.timestamps() + first, header.count, header.common_timestamp);
    }
    if constexpr (kShipsKeyHashes) {
      good = good &&
             reader.ReadBytes(batch.key_hashes() + first, header.count * sizeof(std::uint64_t));
    }
    return good && reader.ReadBytes(batch.records() + first, header.count * sizeof(T));
  }

  static bool ReadRows(ByteReader& reader, const RunHeader& header, Batch<T>& batch) {
    std::int64_t timestamp = header.common_timestamp;
    for (std::uint32_t i = 0; i < header.count; ++i) {
      if (header.timestamps == RunTimestamps::kEach && !reader.ReadFixed(timestamp)) return false;
      T& record = batch.Next(timestamp);
      if constexpr (kShipsKeyHashes) {
        if (!reader.ReadFixed(batch.key_hashes()[batch.size() - 1])) return false;
      }
      if (!Serializer<T>::Read(reader, record)) return false;
    }
    return true;
  }

  void HashFrom(std::uint32_t first, Batch<T>& batch) const {
    std::uint64_t* hashes = batch.key_hashes();
    for (std::uint32_t i = first; i < batch.size(); ++i) {
      hashes[i] = StableHasher<Key>::Hash(key_selector_(batch[i]));
    }
  }

  Status Malformed(std::span<const std::byte> bytes, const std::string& what) const {
    return Status::Corruption("run of " + type_name_ + " within " + std::to_string(bytes.size()) +
                              " bytes is cut off or malformed at " + what);
  }

  const KeySelector key_selector_;
  const std::string type_name_;
};

}  // namespace weir::internal
