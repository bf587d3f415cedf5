// The DataStream program as the user wrote it: operators and the edges between them, with typed
// factories behind plain interfaces. internal/job_compiler.h turns it into a CompiledJob.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/error_policy.h>
#include <weir/internal/chain.h>
#include <weir/internal/channel.h>
#include <weir/internal/coordinator.h>
#include <weir/internal/input.h>
#include <weir/internal/job_graph.h>
#include <weir/internal/operator.h>

namespace weir::internal {

// Makes one operator; holds the pristine user functions. Const and thread-safe.
class OperatorFactory {
 public:
  virtual ~OperatorFactory() = default;
  // `output` is an Input of the operator's output type; null for sinks. It outlives the operator.
  virtual std::unique_ptr<Operator> Create(const OperatorContext& context,
                                           AnyInput* output) const = 0;
  // Several consumers: each gets every record. Null for sinks.
  virtual std::unique_ptr<AnyInput> CreateFork(std::vector<AnyInput*> consumers) const = 0;
  // No consumer. Null for sinks.
  virtual std::unique_ptr<AnyInput> CreateDiscard() const = 0;
  // Of a source: whether it ends by itself.
  virtual bool bounded() const { return true; }
  virtual bool may_have_side_outputs() const { return false; }
  // Whether it knows another ErrorPolicy than kFail.
  virtual bool handles_errors() const { return false; }
  // The tags that the function says it has; nothing: it does not say.
  virtual std::optional<std::vector<std::string>> declared_side_outputs() const {
    return std::nullopt;
  }
  // Of the states that the function keeps per subtask (weir/operator_state.h).
  virtual std::vector<std::string> operator_state_names() const { return {}; }
  // In place of `output`, for an operator with side outputs. Null where it can have none.
  virtual std::unique_ptr<AnyInput> CreateMainOutput(AnyInput* /*output*/,
                                                     SideOutputs& /*sides*/) const {
    return nullptr;
  }
  // Null for operators without a coordinator.
  virtual std::unique_ptr<OperatorCoordinator> CreateCoordinator(CoordinatorContext&) const {
    return nullptr;
  }
  virtual bool has_coordinator() const { return false; }
};

// The writer of an edge, as both things a chain needs it to be.
struct EdgeWriter {
  std::unique_ptr<AnyInput> input;
  OutputNode* output = nullptr;  // the same object
};

// What distributes records over an edge. Const and thread-safe.
class EdgeFactory {
 public:
  virtual ~EdgeFactory() = default;
  // Nothing said: forward where the parallelisms are equal, else rebalance.
  virtual std::optional<Partitioning> partitioning() const = 0;
  // `context.operator_index` is the upstream operator's: key selectors run in its name.
  virtual EdgeWriter CreateWriter(const OperatorContext& context, std::uint32_t output,
                                  Partitioning resolved,
                                  std::uint32_t target_max_parallelism) const = 0;
  virtual std::unique_ptr<ChannelType> CreateChannelType() const = 0;
};

class SideOutputFactory;
class WatermarkAlignmentGroups;
struct SideOutput {
  std::string id;
  std::shared_ptr<const SideOutputFactory> factory;
};

enum class ChainingStrategy : std::uint8_t {
  kAlways,  // with what is before and after it
  kHead,    // starts a chain; what follows may join it
  kNever,
};

enum class OperatorKind : std::uint8_t { kSource, kOperator, kSink };

struct StreamNode {
  OperatorKind kind = OperatorKind::kOperator;
  std::string type;  // "Map", "Source: Kafka", "Sink: Print"
  std::string name;  // empty: the type
  std::string uid;
  std::string description;
  std::optional<std::uint32_t> parallelism;
  std::optional<std::uint32_t> max_parallelism;
  std::optional<std::string> slot_sharing_group;
  ChainingStrategy chaining = ChainingStrategy::kAlways;
  bool blocking = false;
  ErrorPolicy error_policy = ErrorPolicy::kFail;
  // Of what the operator keeps between records. Not empty: it needs a uid.
  std::vector<std::string> state_names;
  std::shared_ptr<const OperatorFactory> factory;
  std::vector<SideOutput> side_outputs;  // that somebody gets
};

// Where a stream comes from, and how its records are distributed to what is put behind it.
struct StreamOrigin {
  std::uint32_t node = 0;
  std::shared_ptr<const EdgeFactory> edge;
  std::string side_output{};  // empty: the main one
};

struct StreamEdge {
  std::uint32_t source = 0;  // indexes into nodes; source < target, so there are no cycles
  std::uint32_t target = 0;
  std::uint32_t target_input = 0;
  std::shared_ptr<const EdgeFactory> factory;
  std::string side_output;  // empty: the main one
};

struct StreamGraph {
  std::string job_name;
  std::uint32_t default_parallelism = 1;
  std::optional<std::uint32_t> max_parallelism;
  std::map<std::string, std::string> configuration;
  // Where `configuration` says nothing of them.
  bool operator_chaining = true;
  std::optional<std::uint32_t> default_max_parallelism;
  std::vector<StreamNode> nodes;  // in the order of the program
  std::vector<StreamEdge> edges;
  // Where coordinators of aligned sources meet; null without any.
  std::shared_ptr<WatermarkAlignmentGroups> alignment_groups;
  Status failure;         // the first wrong use of the API
  bool has_main = false;  // the program is no plugin: it may run its job itself

  // Ok means nothing.
  void Fail(Status status) {
    if (failure.ok()) failure = std::move(status);
  }
  // Adds an operator behind `inputs` (by input number, each with one or more origins).
  std::uint32_t AddNode(StreamNode node, const std::vector<std::vector<StreamOrigin>>& inputs) {
    const auto index = static_cast<std::uint32_t>(nodes.size());
    nodes.push_back(std::move(node));
    for (std::uint32_t input = 0; input < inputs.size(); ++input) {
      for (const StreamOrigin& origin : inputs[input]) {
        edges.push_back({origin.node, index, input, origin.edge, origin.side_output});
      }
    }
    return index;
  }
  // Somebody gets this side output of the node.
  void AddSideOutput(std::uint32_t node, SideOutput output);
  // An error that names an operator whose ErrorPolicy cannot be, if there is one.
  Status CheckErrorPolicies() const;
  // An error that names a source without an end, if there is one.
  Status CheckBounded() const;
  // Takes back the nodes from `first` on, and the edges to them.
  void RemoveNodesFrom(std::uint32_t first);
};

}  // namespace weir::internal
