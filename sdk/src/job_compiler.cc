#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <weir/internal/byte_writer.h>
#include <weir/internal/hexadecimal.h>
#include <weir/internal/job_compiler.h>
#include <weir/internal/operator_chain.h>
#include <weir/stable_hash.h>

namespace weir::internal {
namespace {

constexpr std::uint32_t kNone = ~std::uint32_t{0};

// A node with everything decided that the program left open.
struct ResolvedNode {
  std::string name;
  std::string id;
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 128;
  std::string slot_sharing_group;
  std::vector<std::uint32_t> inputs;   // edges
  std::vector<std::uint32_t> outputs;  // edges, in the order of the program
  std::uint32_t vertex = kNone;
  std::uint32_t position = 0;  // in its vertex
};

struct ResolvedEdge {
  Partitioning partitioning = Partitioning::kForward;
  bool chained = false;
  std::uint32_t output = kNone;  // index among the outgoing edges of the source's vertex
};

class StreamCompiledJob final : public CompiledJob {
 public:
  const JobGraph& graph() const override { return graph_; }
  std::unique_ptr<Chain> CreateChain(std::uint32_t vertex, ChainContext& context) const override {
    return std::make_unique<OperatorChain>(plans_[vertex], context);
  }
  std::unique_ptr<OperatorCoordinator> CreateCoordinator(
      std::uint32_t vertex, std::uint32_t operator_index,
      CoordinatorContext& context) const override {
    return plans_[vertex].operators[operator_index].factory->CreateCoordinator(context);
  }
  const ChannelType& channel_type(std::uint32_t edge) const override { return *types_[edge]; }

  JobGraph graph_;
  std::vector<ChainPlan> plans_;
  std::vector<std::unique_ptr<ChannelType>> types_;
};

// One pass over one graph; see Compile() for the order of the steps.
class JobCompiler {
 public:
  explicit JobCompiler(const StreamGraph& graph)
      : graph_(graph),
        chaining_enabled_(ChainingEnabled(graph)),
        nodes_(graph.nodes.size()),
        edges_(graph.edges.size()) {}

  Result<std::unique_ptr<CompiledJob>> Compile() {
    WEIR_RETURN_IF_ERROR(graph_.failure);
    WEIR_RETURN_IF_ERROR(graph_.CheckErrorPolicies());
    ConnectNodes();
    WEIR_RETURN_IF_ERROR(CheckSources());
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) WEIR_RETURN_IF_ERROR(ResolveNode(i));
    WEIR_RETURN_IF_ERROR(CheckUids());
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) WEIR_RETURN_IF_ERROR(CheckState(i));
    for (std::uint32_t i = 0; i < edges_.size(); ++i) WEIR_RETURN_IF_ERROR(ResolveEdge(i));
    auto job = std::make_unique<StreamCompiledJob>();
    job->graph_.name = graph_.job_name;
    job->graph_.configuration = graph_.configuration;
    AddVertices(*job);
    AddEdges(*job);
    PlanConsumers(*job);
    return std::unique_ptr<CompiledJob>(std::move(job));
  }

 private:
  Status Invalid(std::uint32_t node, const std::string& message) const {
    const StreamNode& stream_node = graph_.nodes[node];
    std::string name = "operator '" + DisplayName(stream_node) + "'";
    if (!stream_node.uid.empty()) name += " (uid '" + stream_node.uid + "')";
    return Status::InvalidArgument(name + ": " + message);
  }

  // As Flink: Name() replaces what stands behind "Source: " and "Sink: ".
  static std::string DisplayName(const StreamNode& node) {
    if (node.name.empty()) return node.type;
    if (node.kind == OperatorKind::kSource) return "Source: " + node.name;
    if (node.kind == OperatorKind::kSink) return "Sink: " + node.name;
    return node.name;
  }

  void ConnectNodes() {
    for (std::uint32_t i = 0; i < graph_.edges.size(); ++i) {
      nodes_[graph_.edges[i].source].outputs.push_back(i);
      nodes_[graph_.edges[i].target].inputs.push_back(i);
    }
  }

  Status CheckSources() const {
    if (graph_.nodes.empty()) {
      return Status::InvalidArgument(
          "the job has no sources: its function adds no operator. Start a stream with FromSource, "
          "FromData or FromSequence");
    }
    return Status::Ok();
  }

  Status ResolveNode(std::uint32_t index) {
    const StreamNode& node = graph_.nodes[index];
    ResolvedNode& resolved = nodes_[index];
    resolved.name = DisplayName(node);
    resolved.parallelism = node.parallelism.value_or(graph_.default_parallelism);
    if (resolved.parallelism == 0) return Invalid(index, "the parallelism must be at least 1");
    resolved.max_parallelism =
        MaxParallelismOf(node).value_or(DefaultMaxParallelism(resolved.parallelism));
    if (!std::has_single_bit(resolved.max_parallelism) ||
        resolved.max_parallelism > kMaximumMaxParallelism) {
      return Invalid(index, "max parallelism " + std::to_string(resolved.max_parallelism) +
                                " is not a power of two from 1 to 32768");
    }
    if (resolved.parallelism > resolved.max_parallelism) {
      return Invalid(index, "parallelism " + std::to_string(resolved.parallelism) +
                                " is above max parallelism " +
                                std::to_string(resolved.max_parallelism));
    }
    ResolveSlotSharingGroup(index);
    resolved.id = OperatorId(index);
    return Status::Ok();
  }

  // As Flink: the group of the inputs where they agree, else "default".
  void ResolveSlotSharingGroup(std::uint32_t index) {
    ResolvedNode& resolved = nodes_[index];
    resolved.slot_sharing_group = "default";
    if (graph_.nodes[index].slot_sharing_group) {
      resolved.slot_sharing_group = *graph_.nodes[index].slot_sharing_group;
      return;
    }
    if (resolved.inputs.empty()) return;
    const std::string& first = SourceOf(resolved.inputs.front()).slot_sharing_group;
    const bool agree = std::all_of(resolved.inputs.begin(), resolved.inputs.end(), [&](auto edge) {
      return SourceOf(edge).slot_sharing_group == first;
    });
    if (agree) resolved.slot_sharing_group = first;
  }

  // The uid's hash, so that state finds its operator in a changed program; without one, the hash of
  // the place in the program: number, type and the inputs' ids.
  std::string OperatorId(std::uint32_t index) const {
    const StreamNode& node = graph_.nodes[index];
    std::vector<std::byte> bytes;
    ByteWriter writer(bytes);
    writer.WriteString(node.uid.empty() ? "position" : "uid");
    if (node.uid.empty()) {
      writer.WriteFixed(index);
      writer.WriteString(node.type);
      for (std::uint32_t edge : nodes_[index].inputs) writer.WriteString(SourceOf(edge).id);
    } else {
      writer.WriteString(node.uid);
    }
    writer.Finish();
    return HashToHexadecimal({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  Status CheckUids() const {
    std::map<std::string, std::uint32_t> seen;
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      const std::string& uid = graph_.nodes[i].uid;
      if (uid.empty()) continue;
      const auto [first, inserted] = seen.emplace(uid, i);
      if (!inserted) {
        return Invalid(i, "operator '" + nodes_[first->second].name +
                              "' has the same uid; a uid must be unique within the job");
      }
    }
    return Status::Ok();
  }

  // State is found again by the operator's uid and the state's name.
  Status CheckState(std::uint32_t index) const {
    const StreamNode& node = graph_.nodes[index];
    std::vector<std::string> names = node.factory->operator_state_names();
    names.insert(names.end(), node.state_names.begin(), node.state_names.end());
    if (!names.empty() && node.uid.empty()) {
      return Invalid(index,
                     "it keeps state and has no uid. Give it one with .Uid(\"...\"), unique within "
                     "the job, so that its state is found again when the program has changed");
    }
    std::set<std::string> seen;
    for (const std::string& name : names) {
      // What stands behind a slash are tables that a state has beside its own.
      if (name.empty() || name.find('/') != std::string::npos) {
        return Invalid(index, "'" + name + "' is no name of a state: it is empty or has a '/'");
      }
      if (!seen.insert(name).second) {
        return Invalid(index, "two of its states have the name '" + name + "'");
      }
    }
    return Status::Ok();
  }

  ResolvedNode& SourceOf(std::uint32_t edge) { return nodes_[graph_.edges[edge].source]; }
  const ResolvedNode& SourceOf(std::uint32_t edge) const {
    return nodes_[graph_.edges[edge].source];
  }
  const ResolvedNode& TargetOf(std::uint32_t edge) const {
    return nodes_[graph_.edges[edge].target];
  }

  Status ResolveEdge(std::uint32_t index) {
    const StreamEdge& edge = graph_.edges[index];
    const ResolvedNode& source = SourceOf(index);
    const ResolvedNode& target = TargetOf(index);
    const bool equal = source.parallelism == target.parallelism;
    edges_[index].partitioning = edge.factory->partitioning().value_or(
        equal ? Partitioning::kForward : Partitioning::kRebalance);
    if (edges_[index].partitioning == Partitioning::kForward && !equal) {
      return Invalid(edge.target, "a forward edge needs equal parallelism, but '" + source.name +
                                      "' has " + std::to_string(source.parallelism) + " and '" +
                                      target.name + "' has " + std::to_string(target.parallelism));
    }
    edges_[index].chained = Chainable(index);
    return Status::Ok();
  }

  bool Chainable(std::uint32_t index) const {
    const StreamNode& upstream = graph_.nodes[graph_.edges[index].source];
    const StreamNode& downstream = graph_.nodes[graph_.edges[index].target];
    const ResolvedNode& source = SourceOf(index);
    const ResolvedNode& target = TargetOf(index);
    const Partitioning partitioning = edges_[index].partitioning;
    if (!chaining_enabled_) return false;
    const bool pointwise = partitioning == Partitioning::kForward ||
                           (partitioning == Partitioning::kKeyGroup && source.parallelism == 1);
    return pointwise && target.inputs.size() == 1 && source.parallelism == target.parallelism &&
           source.max_parallelism == target.max_parallelism &&
           source.slot_sharing_group == target.slot_sharing_group &&
           upstream.blocking == downstream.blocking &&
           upstream.chaining != ChainingStrategy::kNever &&
           downstream.chaining == ChainingStrategy::kAlways;
  }

  // A node's index is above those of its inputs, and edges between vertices lead to heads: vertices
  // in the order of their heads are in topological order.
  void AddVertices(StreamCompiledJob& job) {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      const auto& inputs = nodes_[i].inputs;
      if (inputs.size() == 1 && edges_[inputs.front()].chained) continue;
      const auto vertex = static_cast<std::uint32_t>(job.graph_.vertices.size());
      const ResolvedNode& head = nodes_[i];
      JobVertex& description = job.graph_.vertices.emplace_back();
      description.id = head.id;
      description.parallelism = head.parallelism;
      description.max_parallelism = head.max_parallelism;
      description.slot_sharing_group = head.slot_sharing_group;
      description.is_source = graph_.nodes[i].kind == OperatorKind::kSource;
      description.blocking = graph_.nodes[i].blocking;
      job.plans_.emplace_back().is_source = description.is_source;
      description.name = AddChain(job, vertex, i);
    }
  }

  // Adds the operator and what is chained behind it; returns Flink's name for that part:
  // "a -> b", "a -> (b, c -> d)".
  std::string AddChain(StreamCompiledJob& job, std::uint32_t vertex, std::uint32_t index) {
    const StreamNode& node = graph_.nodes[index];
    ResolvedNode& resolved = nodes_[index];
    auto& operators = job.graph_.vertices[vertex].operators;
    resolved.vertex = vertex;
    resolved.position = static_cast<std::uint32_t>(operators.size());
    operators.push_back({resolved.id, node.uid, resolved.name, node.type,
                         node.factory->has_coordinator(), node.description});
    job.plans_[vertex].operators.push_back(
        {resolved.id, resolved.name, node.factory, {}, {}, node.error_policy});
    std::vector<std::string> chained;
    for (std::uint32_t edge : resolved.outputs) {
      if (edges_[edge].chained) {
        chained.push_back(AddChain(job, vertex, graph_.edges[edge].target));
      }
    }
    if (chained.empty()) return resolved.name;
    std::string names = chained.front();
    for (std::size_t i = 1; i < chained.size(); ++i) names += ", " + chained[i];
    return resolved.name + " -> " + (chained.size() == 1 ? names : "(" + names + ")");
  }

  void AddEdges(StreamCompiledJob& job) {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < edges_.size(); ++i) {
      if (!edges_[i].chained) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
      return SourceOf(a).vertex < SourceOf(b).vertex;
    });
    for (std::uint32_t i : order) {
      const StreamEdge& edge = graph_.edges[i];
      const ResolvedNode& source = SourceOf(i);
      const ResolvedNode& target = TargetOf(i);
      auto& outputs = job.plans_[source.vertex].outputs;
      edges_[i].output = static_cast<std::uint32_t>(outputs.size());
      outputs.push_back({edge.factory, edges_[i].partitioning, target.max_parallelism});
      job.plans_[target.vertex].input_numbers.push_back(edge.target_input);
      job.types_.push_back(edge.factory->CreateChannelType());
      job.graph_.edges.push_back({source.vertex, target.vertex, edge.target_input,
                                  edges_[i].partitioning, job.types_.back()->type_name()});
    }
  }

  static std::vector<ChainConsumer>& ConsumersOf(PlannedOperator& planned,
                                                 const std::string& side_output) {
    for (PlannedSideOutput& side : planned.side_outputs) {
      if (side.output.id == side_output) return side.consumers;
    }
    return planned.consumers;
  }

  void PlanConsumers(StreamCompiledJob& job) {
    for (const ResolvedNode& node : nodes_) {
      PlannedOperator& planned = job.plans_[node.vertex].operators[node.position];
      for (const SideOutput& output : graph_.nodes[&node - nodes_.data()].side_outputs) {
        planned.side_outputs.push_back({output, {}});
      }
      for (std::uint32_t edge : node.outputs) {
        ConsumersOf(planned, graph_.edges[edge].side_output)
            .push_back(edges_[edge].chained ? ChainConsumer{true, TargetOf(edge).position}
                                            : ChainConsumer{false, edges_[edge].output});
      }
    }
  }

  std::optional<std::uint32_t> MaxParallelismOf(const StreamNode& node) const {
    if (node.max_parallelism) return node.max_parallelism;
    if (graph_.max_parallelism) return graph_.max_parallelism;
    if (graph_.configuration.contains(kMaxParallelismKey)) {
      return MaxParallelismSetting(graph_.configuration);
    }
    return graph_.default_max_parallelism;
  }
  static bool ChainingEnabled(const StreamGraph& graph) {
    const auto own = graph.configuration.find(kOperatorChainingKey);
    return own == graph.configuration.end() ? graph.operator_chaining : own->second != "false";
  }

  const StreamGraph& graph_;
  const bool chaining_enabled_;
  std::vector<ResolvedNode> nodes_;
  std::vector<ResolvedEdge> edges_;
};

}  // namespace

std::optional<std::uint32_t> MaxParallelismSetting(
    const std::map<std::string, std::string>& configuration) {
  const auto found = configuration.find(kMaxParallelismKey);
  if (found == configuration.end()) return std::nullopt;
  const std::string& text = found->second;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::uint32_t DefaultMaxParallelism(std::uint32_t parallelism) {
  const std::uint64_t wanted = parallelism + static_cast<std::uint64_t>(parallelism) / 2;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(std::bit_ceil(wanted), 128, kMaximumMaxParallelism));
}

Result<std::unique_ptr<CompiledJob>> CompileStreamGraph(std::shared_ptr<const StreamGraph> graph) {
  return JobCompiler(*graph).Compile();
}

}  // namespace weir::internal
