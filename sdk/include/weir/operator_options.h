// What can be said of an operator after it was added to a stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <weir/error_policy.h>
#include <weir/internal/stream_graph.h>

namespace weir {

// Mixed into the handles that adding an operator returns. Each method returns the handle again, so
// that they can be strung together; wrong values are reported when the job is compiled.
template <class Derived>
class OperatorOptions {
 public:
  // Shown in plan, metrics and logs instead of "Map" and the like.
  Derived Name(std::string name) {
    node().name = std::move(name);
    return self();
  }
  // Identifies the operator's state across versions of the program. Unique within the job.
  Derived Uid(std::string uid) {
    node().uid = std::move(uid);
    return self();
  }
  Derived Description(std::string description) {
    node().description = std::move(description);
    return self();
  }
  // Number of subtasks; the environment's where none is set.
  Derived SetParallelism(std::uint32_t parallelism) {
    node().parallelism = parallelism;
    return self();
  }
  // Number of key groups, the bound for later rescaling: a power of two up to 32768.
  Derived SetMaxParallelism(std::uint32_t max_parallelism) {
    node().max_parallelism = max_parallelism;
    return self();
  }
  // Subtasks of different groups never share a slot. Inherited by what follows.
  Derived SlotSharingGroup(std::string group) {
    node().slot_sharing_group = std::move(group);
    return self();
  }
  // This operator starts a chain: it is not chained to what is before it.
  Derived StartNewChain() {
    node().chaining = internal::ChainingStrategy::kHead;
    return self();
  }
  // This operator is chained to nothing.
  Derived DisableChaining() {
    node().chaining = internal::ChainingStrategy::kNever;
    return self();
  }
  // What becomes of a record that the operator's function or deserializer rejects; kFail where
  // nothing is said (weir/error_policy.h).
  Derived OnError(ErrorPolicy policy) {
    node().error_policy = policy;
    return self();
  }
  // The user function may block: its subtasks get threads of their own.
  Derived Blocking() {
    node().blocking = true;
    return self();
  }

 protected:
  OperatorOptions(std::shared_ptr<internal::StreamGraph> graph, std::uint32_t node)
      : options_graph_(std::move(graph)), options_node_(node) {}

 private:
  Derived self() const { return static_cast<const Derived&>(*this); }
  internal::StreamNode& node() { return options_graph_->nodes[options_node_]; }

  std::shared_ptr<internal::StreamGraph> options_graph_;
  std::uint32_t options_node_;
};

}  // namespace weir
