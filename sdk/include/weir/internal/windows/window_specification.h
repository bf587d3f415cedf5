// Everything that a program says of a window operator, as one user function to the operator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/function_traits.h>
#include <weir/internal/windows/window_aggregation.h>
#include <weir/side_output.h>
#include <weir/status.h>

namespace weir::internal {

// The result of the aggregation goes out as it is.
struct NoWindowFunction {};
struct NoEvictor {};

// A user function of which only SideOutputs() is asked where it has that.
template <class F>
concept DeclaresSideOutputs = requires(const F& f) {
  { f.SideOutputs() } -> std::convertible_to<std::vector<std::string>>;
};

template <class T, class A, class Tr, class Ev, class Ag, class F>
struct WindowSpecification {
  using Record = T;
  using Assigner = A;
  using Trigger = Tr;
  using Evictor = Ev;
  using Aggregation = Ag;
  using Function = F;
  using Window = typename A::Window;
  static constexpr bool kMerging = requires { requires A::kMerging; };
  static constexpr bool kAggregates = !std::is_same_v<Ag, NoAggregation>;
  static constexpr bool kEvicts = !std::is_same_v<Ev, NoEvictor>;
  static constexpr bool kHasFunction = !std::is_same_v<F, NoWindowFunction>;

  Assigner assigner;
  Trigger trigger;
  Evictor evictor;
  Aggregation aggregation;
  Function function;
  std::int64_t allowed_lateness_ms = 0;
  std::optional<OutputTag<T>> late_records;

  Status Open(RuntimeContext& context) {
    if constexpr (kAggregates) WEIR_RETURN_IF_ERROR(aggregation.Open(context));
    return OpenFunction(function, context);
  }
  Status Close() {
    Status first;
    if constexpr (kAggregates) first = aggregation.Close();
    Status second = CloseFunction(function);
    return first.ok() ? second : first;
  }
  std::vector<std::string> SideOutputs() const
    requires DeclaresSideOutputs<F>
  {
    std::vector<std::string> tags = function.SideOutputs();
    if (late_records) tags.push_back(late_records->id());
    return tags;
  }
};

}  // namespace weir::internal
