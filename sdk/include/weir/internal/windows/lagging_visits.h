// A walk over keys whose values lie behind pointers: each is asked for when the walk comes to it
// and used some keys later, so that cache misses overlap.
#pragma once

#include <cstdint>
#include <type_traits>

namespace weir::internal {

// use(const Key&, const Value&) in the order of Add(). Values, and keys unless they are trivially
// copyable, stay where they are until Finish(). Value has Prefetch(), which reads the value itself,
// and PrefetchFurther(), which reads what that asked for.
template <class Key, class Value, class Use>
class LaggingVisits {
 public:
  explicit LaggingVisits(Use& use) : use_(use) {}

  void Add(const Key& key, const Value& value) {
    value.Prefetch();
    if (added_ >= kLag) UseOne(added_ - kLag);
    places_[added_ % kLag] = {KeptOf(key), &value};
    if (added_ >= kLag / 2) places_[(added_ - kLag / 2) % kLag].value->PrefetchFurther();
    ++added_;
  }
  void Finish() {
    for (std::uint64_t i = added_ < kLag ? 0 : added_ - kLag; i < added_; ++i) UseOne(i);
    added_ = 0;
  }

 private:
  static constexpr std::uint64_t kLag = 16;
  static constexpr bool kCopiesKey = std::is_trivially_copyable_v<Key>;
  using KeptKey = std::conditional_t<kCopiesKey, Key, const Key*>;
  struct Place {
    KeptKey key;
    const Value* value;
  };

  static KeptKey KeptOf(const Key& key) {
    if constexpr (kCopiesKey) {
      return key;
    } else {
      return &key;
    }
  }
  void UseOne(std::uint64_t i) {
    const Place& place = places_[i % kLag];
    if constexpr (kCopiesKey) {
      use_(place.key, *place.value);
    } else {
      use_(*place.key, *place.value);
    }
  }

  Use& use_;
  Place places_[kLag];
  std::uint64_t added_ = 0;
};

}  // namespace weir::internal
