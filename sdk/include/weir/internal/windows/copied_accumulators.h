// Aggregating on a copy, where a record may be rejected (weir/error_policy.h): what is kept stays
// as it was if user code throws. The task's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

namespace weir::internal {

// Puts `changed`, which is moved from or copied, in the place of what the table has.
template <class Table, class Where, class Accumulator>
void Put(Table& table, const Where& where, Accumulator& changed, bool& inserted) {
  Accumulator& kept =
      table.FindOrInsert(where, inserted, [&]() -> Accumulator& { return changed; });
  if (!inserted) kept = std::move(changed);
}

// Adds a record to an entry, which stays as it was if that throws.
template <class Table, class Where, class Aggregation, class T>
void AddToCopy(Table& table, const Where& where, Aggregation& aggregation, const T& record,
               bool& inserted) {
  using Accumulator = typename Aggregation::Accumulator;
  const Accumulator* found = table.Find(where);
  Accumulator changed = found != nullptr ? *found : aggregation.First(record);
  if (found != nullptr) aggregation.Add(record, changed);
  Put(table, where, changed, inserted);
}

// The same for a pane of a key's (PaneAccumulators). A key that is left without panes goes when the
// next window fires. Returns whether the pane is new.
template <class Panes, class Aggregation, class T>
bool AddToCopyOfPane(Panes& panes, std::int64_t pane, std::int64_t first_live_pane,
                     Aggregation& aggregation, const T& record) {
  using Accumulator = typename Aggregation::Accumulator;
  std::optional<Accumulator> changed;
  panes.ForEach(pane, pane + 1, [&](std::int64_t, const Accumulator& found) { changed = found; });
  if (changed) {
    aggregation.Add(record, *changed);
  } else {
    changed = aggregation.First(record);
  }
  bool inserted = false;
  panes.FindOrInsert(pane, first_live_pane, inserted) = *std::move(changed);
  return inserted;
}

// What accumulators and a record are together: find_all(take) calls take(const Accumulator*) for
// each that is to be merged, the first one first; null: there is nothing.
template <class Accumulator, class Aggregation, class T, class FindAll>
Accumulator MergedCopy(Aggregation& aggregation, const T& record, FindAll&& find_all) {
  std::optional<Accumulator> changed;
  find_all([&](const Accumulator* found) {
    if (found == nullptr) return;
    if (changed) {
      aggregation.Merge(*changed, *found);
    } else {
      changed = *found;
    }
  });
  if (!changed) return aggregation.First(record);
  aggregation.Add(record, *changed);
  return *std::move(changed);
}

}  // namespace weir::internal
