// What a window function looks like, and what it may ask:
//
//   struct Report {
//     weir::ValueState<std::int64_t> windows{"windows"};             // for each key
//     weir::WindowValueState<std::int64_t> firings{"firings"};       // for each key and window
//     auto States() { return std::tie(windows); }
//     auto WindowStates() { return std::tie(firings); }
//     void Process(const std::string& shop, weir::WindowContext<std::string>& context,
//                  const weir::WindowElements<Sale>& sales, weir::Collector<Line>& out) {
//       const bool again = ++firings.Mutable(context) > 1;
//       if (!again) ++windows.Mutable(context);
//       out.Collect({shop, context.window().start_ms, sales.size(), again});
//     }
//     void Clear(weir::WindowContext<std::string>& context);         // the window has gone
//   };
//   sales.KeyBy(&Sale::shop).Window(…).Process(Report()).Uid("report");
//
// or a lambda of that form. The key may be left out, as for WindowAll(). Results get the window's
// last millisecond as their timestamp. States of a window are dropped with the window, behind
// Clear(); session windows cannot have them, because they merge.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/collector.h>
#include <weir/functions.h>
#include <weir/internal/state/keyed_state_backend.h>
#include <weir/windowing/windows.h>

namespace weir {

// The records of a window, in the order in which they came; behind Reduce and Aggregate, the one
// result. Valid during the call.
template <class T>
class WindowElements {
 public:
  class Iterator {
   public:
    using value_type = T;
    using reference = const T&;
    using pointer = const T*;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    Iterator() = default;
    explicit Iterator(const T* const* at) : at_(at) {}
    const T& operator*() const { return **at_; }
    const T* operator->() const { return *at_; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(at_++); }
    bool operator==(const Iterator&) const = default;

   private:
    const T* const* at_ = nullptr;
  };

  // For the operator.
  WindowElements(const T* const* elements, std::size_t size) : elements_(elements), size_(size) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T& operator[](std::size_t index) const { return *elements_[index]; }
  Iterator begin() const { return Iterator(elements_); }
  Iterator end() const { return Iterator(elements_ + size_); }

 private:
  const T* const* elements_;
  std::size_t size_;
};

// Given to each call, and to the states that the call uses (weir/state.h), which are then those of
// the key. timestamp_ms() is the window's last millisecond, and the timestamp of side outputs.
template <class K, class W = TimeWindow>
class WindowContext : public ProcessContext {
 public:
  using Key = K;
  using Window = W;
  using ProcessContext::ProcessContext;

  const W& window() const { return *window_; }
  const K& key() const { return *key_; }
  std::uint64_t key_hash() const { return key_hash_; }

  // For the operator.
  void SetWindow(std::uint64_t key_hash, const K& key, const W& window) {
    key_hash_ = key_hash;
    key_ = &key;
    window_ = &window;
    this->SetTimestamp(window.MaxTimestamp());
  }

 private:
  const K* key_ = nullptr;
  const W* window_ = nullptr;
  std::uint64_t key_hash_ = 0;
};

// One value for each key and window, listed in WindowStates(). As ValueState (weir/state.h).
template <class T>
class WindowValueState {
 public:
  explicit WindowValueState(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

  // Null: the window has none.
  template <class K, class W>
  const T* Find(const WindowContext<K, W>& context) const {
    return Table<K, W>().Find(At(context));
  }
  template <class K, class W>
  T ValueOr(const WindowContext<K, W>& context, T otherwise) const {
    const T* found = Find(context);
    return found == nullptr ? std::move(otherwise) : *found;
  }
  template <class K, class W>
  void Update(const WindowContext<K, W>& context, T value) {
    Mutable(context) = std::move(value);
  }
  // To be changed in place; T() where there was none.
  template <class K, class W>
  T& Mutable(const WindowContext<K, W>& context) {
    return Table<K, W>().FindOrInsert(At(context));
  }
  // False: there was none.
  template <class K, class W>
  bool Clear(const WindowContext<K, W>& context) {
    return Table<K, W>().Erase(At(context));
  }

  // For the operator, once.
  template <class K, class W>
  void Bind(internal::KeyedStateBackend& backend) {
    const auto table = backend.Create<K, W, internal::NoMapKey, T>(name_);
    table_ = &table.table();
    in_store_ = table.in_store();
  }

 private:
  static constexpr internal::NoMapKey kNoMapKey{};
  template <class K, class W>
  static internal::Address<K, W, internal::NoMapKey> At(const WindowContext<K, W>& context) {
    return {context.key_hash(), context.key(), context.window(), kNoMapKey};
  }
  template <class K, class W>
  auto Table() const {
    return internal::StateTable<K, W, internal::NoMapKey, T>(*table_, in_store_);
  }

  std::string name_;
  internal::KeyedTable* table_ = nullptr;
  bool in_store_ = false;
};

// void f(const K&, WindowContext<K, W>&, const WindowElements<T>&, Collector<U>&), or without the
// key; as operator() or as Process.
template <class F, class T, class K, class W, class U>
concept WindowFunction =
    !std::is_void_v<U> && (requires(F& f, const K& key, WindowContext<K, W>& context,
                                    const WindowElements<T>& elements, Collector<U>& out) {
      f.Process(key, context, elements, out);
    } || requires(F& f, WindowContext<K, W>& context, const WindowElements<T>& elements,
                  Collector<U>& out) { f.Process(context, elements, out); } ||
                           std::invocable<F&, const K&, WindowContext<K, W>&,
                                          const WindowElements<T>&, Collector<U>&> ||
                           std::invocable<F&, WindowContext<K, W>&, const WindowElements<T>&,
                                          Collector<U>&>);

}  // namespace weir
