// ChannelType for batches of T: typed batches in, bytes out, and back.
//
// A record on the wire: event timestamp (i64), key hash (u64, only where ships_key_hashes()), then
// the record as Serializer<T> writes it. See docs/formats/records.md.
#pragma once

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
#include <weir/internal/type_name.h>
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
                       std::vector<std::byte>& out) const override {
    const auto& batch = static_cast<const Batch<T>&>(any);
    ByteWriter writer(out);
    if (writer.size() < soft_limit) writer.Reserve(soft_limit - writer.size());
    std::uint32_t i = from;
    for (; i < batch.size() && writer.size() < soft_limit; ++i) {
      writer.WriteFixed(batch.timestamp(i));
      if constexpr (kShipsKeyHashes) {
        writer.WriteFixed(batch.has_key_hashes()
                              ? batch.key_hashes()[i]
                              : StableHasher<Key>::Hash(key_selector_(batch[i])));
      }
      Serializer<T>::Write(writer, batch[i]);
    }
    return i;
  }

  Result<std::size_t> Decode(std::span<const std::byte> bytes, AnyBatch& any) const override {
    auto& batch = static_cast<Batch<T>&>(any);
    ByteReader reader(bytes);
    std::uint64_t* hashes = kKeyed ? batch.key_hashes() : nullptr;
    while (!reader.empty() && !batch.full()) {
      std::int64_t timestamp = 0;
      std::uint64_t hash = 0;
      bool complete = reader.ReadFixed(timestamp);
      if constexpr (kShipsKeyHashes) complete = complete && reader.ReadFixed(hash);
      T& record = batch.Next(timestamp);
      complete = complete && Serializer<T>::Read(reader, record);
      if (!complete) {
        return Status::Corruption("record " + std::to_string(batch.size()) + " of type " +
                                  type_name_ + " is cut off or malformed at byte " +
                                  std::to_string(reader.position()) + " of " +
                                  std::to_string(bytes.size()));
      }
      if constexpr (kKeyed) {
        if constexpr (!kShipsKeyHashes) hash = StableHasher<Key>::Hash(key_selector_(record));
        hashes[batch.size() - 1] = hash;
      }
    }
    if constexpr (kKeyed) batch.SetHasKeyHashes();
    return reader.position();
  }

  bool ships_key_hashes() const override { return kShipsKeyHashes; }
  const std::string& type_name() const override { return type_name_; }

 private:
  const KeySelector key_selector_;
  const std::string type_name_;
};

}  // namespace weir::internal
