// The JobGraph: what a job is before anybody runs it. Made by compiling the DataStream program
// (operators joined by chainable forward edges become one vertex), described to the JobManager as
// proto/job_graph.proto, and rebuilt in every worker, where structural_hash() must come out the
// same.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::internal {

// How an edge distributes records. The numbers travel: never renumber.
enum class Partitioning : std::uint8_t {
  kForward = 0,    // subtask i to subtask i; equal parallelism
  kRebalance = 1,  // round robin, avoiding loaded channels
  kRescale = 2,    // round robin within a local group (channel_layout.h)
  kShuffle = 3,    // uniformly random
  kBroadcast = 4,  // to all
  kGlobal = 5,     // to subtask 0
  kKeyGroup = 6,   // by the key group of the record's key
  kCustom = 7,     // by a user function
};
const char* ToString(
    Partitioning partitioning);  // Flink's words: "FORWARD", "REBALANCE", "HASH", …

struct OperatorDescription {
  std::string id;    // 32 hex digits: the hash of the uid, or of the operator's place in the graph
  std::string uid;   // empty where the user gave none
  std::string name;  // "Map", or what Name() said
  std::string type;  // "Source: Kafka", "Map", "Sink: Print", …
  bool has_coordinator = false;
  std::string description;  // what Description() said, for the plan
  bool operator==(const OperatorDescription&) const = default;
};

struct JobVertex {
  std::string id;    // the id of its first operator
  std::string name;  // "Source: Kafka -> Map"
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = 128;
  std::string slot_sharing_group = "default";
  bool is_source = false;
  bool blocking = false;                       // gets a thread of its own
  std::vector<OperatorDescription> operators;  // head first
  bool operator==(const JobVertex&) const = default;
};

struct JobEdge {
  std::uint32_t source_vertex = 0;  // index into vertices
  std::uint32_t target_vertex = 0;
  std::uint32_t target_input =
      0;  // 0, or 1 for the second input of a Connect; a union has several edges on one
  Partitioning partitioning = Partitioning::kForward;
  std::string type_name;  // for errors and the plan
  bool operator==(const JobEdge&) const = default;
};

struct JobGraph {
  std::string name;                 // shown to people
  std::vector<JobVertex> vertices;  // in topological order
  std::vector<JobEdge> edges;       // by source vertex, then in the order of the program
  std::map<std::string, std::string>
      configuration;  // what the program set itself: restart strategy, …
  bool operator==(const JobGraph&) const = default;
};

// 32 hex digits over vertices (ids, names, operators, parallelism) and edges; equal graphs have
// equal hashes in every process.
std::string StructuralHash(const JobGraph& graph);

}  // namespace weir::internal
