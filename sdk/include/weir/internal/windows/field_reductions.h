// Sum, Min, Max, MinBy and MaxBy as reduce functions over a field of the record.
#pragma once

namespace weir::internal {

// The first record, with the field changed; MinBy and MaxBy: the (first) record that has it.
template <class T, class V>
struct SumOfField {
  V T::* field;
  void operator()(T& reduced, const T& record) const {
    reduced.*field = static_cast<V>(reduced.*field + record.*field);
  }
};
template <class T, class V>
struct MinimumOfField {
  V T::* field;
  void operator()(T& reduced, const T& record) const {
    if (record.*field < reduced.*field) reduced.*field = record.*field;
  }
};
template <class T, class V>
struct MaximumOfField {
  V T::* field;
  void operator()(T& reduced, const T& record) const {
    if (reduced.*field < record.*field) reduced.*field = record.*field;
  }
};
template <class T, class V>
struct RecordWithMinimum {
  V T::* field;
  void operator()(T& reduced, const T& record) const {
    if (record.*field < reduced.*field) reduced = record;
  }
};
template <class T, class V>
struct RecordWithMaximum {
  V T::* field;
  void operator()(T& reduced, const T& record) const {
    if (reduced.*field < record.*field) reduced = record;
  }
};

}  // namespace weir::internal
