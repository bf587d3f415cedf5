// Keyed state: what a function on a keyed stream remembers for each key.
//
//   struct CountBids {
//     weir::ValueState<std::int64_t> count{"count"};
//     auto States() { return std::tie(count); }
//     void ProcessElement(const Bid& bid, weir::KeyedProcessContext<std::int64_t>& context,
//                         weir::Collector<Count>& out) {
//       std::int64_t& n = count.Mutable(context);
//       out.Collect({context.key(), ++n});
//     }
//   };
//   stream.KeyBy(&Auction).Process(CountBids()).Uid("count-bids");
//
// A state is declared up front: a member with a name, listed in States(). The name, with the
// operator's uid, is how the state is found again in a checkpoint. Every use names the context of
// the call, which says whose state is meant. Reads are const; writing is explicit, because a
// running snapshot must see what was there before.
//
// References and pointers to state hold until the next write to any state of the function, and
// never beyond the call. The task's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/internal/state/keyed_state_backend.h>

namespace weir {

// One value for each key.
template <class T>
class ValueState {
 public:
  explicit ValueState(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

  // Null: the key has none.
  template <class Context>
  const T* Find(const Context& context) const {
    return Table<Context>().Find(At(context));
  }
  template <class Context>
  T ValueOr(const Context& context, T otherwise) const {
    const T* found = Find(context);
    return found == nullptr ? std::move(otherwise) : *found;
  }
  template <class Context>
  void Update(const Context& context, T value) {
    bool inserted = false;
    T& stored =
        Table<Context>().FindOrInsert(At(context), inserted, [&] { return std::move(value); });
    if (!inserted) stored = std::move(value);
  }
  // To be changed in place; T() where there was none.
  template <class Context>
  T& Mutable(const Context& context) {
    return Table<Context>().FindOrInsert(At(context));
  }
  // False: there was none.
  template <class Context>
  bool Clear(const Context& context) {
    return Table<Context>().Erase(At(context));
  }

  // For the operator, once.
  template <class K>
  void Bind(internal::KeyedStateBackend& backend) {
    table_ = &backend.Create<K, internal::NoNamespace, internal::NoMapKey, T>(name_);
  }

 private:
  static constexpr internal::NoNamespace kNoNamespace{};
  static constexpr internal::NoMapKey kNoMapKey{};

  template <class Context>
  static auto At(const Context& context) {
    return internal::Address<typename Context::Key, internal::NoNamespace, internal::NoMapKey>{
        context.key_hash(), context.key(), kNoNamespace, kNoMapKey};
  }
  template <class Context>
  auto& Table() const {
    return static_cast<
        internal::HeapTable<typename Context::Key, internal::NoNamespace, internal::NoMapKey, T>&>(
        *table_);
  }

  std::string name_;
  internal::KeyedTable* table_ = nullptr;
};

namespace internal {

template <class F>
concept HasStates = requires(F& f) { f.States(); };

template <class K, class F>
void BindStates(F& function, KeyedStateBackend& backend) {
  if constexpr (HasStates<F>) {
    std::apply([&](auto&... state) { (state.template Bind<K>(backend), ...); }, function.States());
  }
}
template <class F>
std::vector<std::string> StateNamesOf(F& function) {
  std::vector<std::string> names;
  if constexpr (HasStates<F>) {
    std::apply([&](auto&... state) { (names.push_back(state.name()), ...); }, function.States());
  }
  return names;
}

}  // namespace internal
}  // namespace weir
