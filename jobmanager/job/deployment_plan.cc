#include "jobmanager/job/deployment_plan.h"

#include <algorithm>
#include <utility>

namespace weir::jobmanager {

SlotLayout::SlotLayout(std::vector<SlotId> slots) : slots_(std::move(slots)) {
  for (const SlotId& slot : slots_) task_managers_.insert(slot.task_manager_id);
}

std::uint32_t SlotLayout::SlotsOn(const std::string& task_manager_id) const {
  return static_cast<std::uint32_t>(std::ranges::count(
      slots_, task_manager_id, [](const SlotId& slot) { return slot.task_manager_id; }));
}

std::map<std::string, proto::DeployTasks> MakeDeployments(
    const ExecutionGraph& graph, const FailoverScope& scope, std::uint64_t deployment_id,
    const std::vector<DeploymentPeer>& peers) {
  proto::DeployTasks common;
  common.set_deployment_id(deployment_id);
  std::map<std::string, std::uint32_t> index_of_worker;
  for (const DeploymentPeer& peer : peers) {
    index_of_worker.emplace(peer.worker_id, static_cast<std::uint32_t>(index_of_worker.size()));
    proto::Peer* const message = common.add_peers();
    message->set_worker_id(peer.worker_id);
    message->set_host(peer.host);
    message->set_data_port(peer.data_port);
  }
  for (std::uint32_t vertex = 0; vertex < graph.vertex_count(); ++vertex) {
    proto::VertexPlacement* const placement = common.add_placement();
    for (const Execution& execution : graph.executions(vertex)) {
      // One that finished where no worker is left has no channels to any that is deployed now.
      const auto worker = index_of_worker.find(execution.place->worker_id);
      placement->add_peer(worker == index_of_worker.end() ? 0 : worker->second);
      placement->add_attempt(execution.attempt);
    }
  }
  for (const std::uint32_t first : FirstChannelNumbers(graph.job_graph())) {
    common.add_first_channel(first);
  }

  std::map<std::string, proto::DeployTasks> deployments;
  if (scope.all()) {
    for (const DeploymentPeer& peer : peers) deployments.emplace(peer.worker_id, common);
  }
  for (std::uint32_t vertex = 0; vertex < graph.vertex_count(); ++vertex) {
    for (const Execution& execution : graph.executions(vertex)) {
      if (!scope.Contains(vertex, execution.subtask)) continue;
      proto::TaskDeployment* const task =
          deployments.try_emplace(execution.place->worker_id, common).first->second.add_tasks();
      task->set_vertex(vertex);
      task->set_subtask(execution.subtask);
      task->set_attempt(execution.attempt);
      task->set_slot(execution.place->slot);
    }
  }
  return deployments;
}

std::vector<proto::CoordinatorStart> CoordinatorsOf(const proto::JobGraph& graph) {
  std::vector<proto::CoordinatorStart> coordinators;
  for (int vertex = 0; vertex < graph.vertices_size(); ++vertex) {
    const auto& operators = graph.vertices(vertex).operators();
    for (int index = 0; index < operators.size(); ++index) {
      if (!operators[index].has_coordinator()) continue;
      proto::CoordinatorStart start;
      start.set_vertex(static_cast<std::uint32_t>(vertex));
      start.set_operator_index(static_cast<std::uint32_t>(index));
      coordinators.push_back(std::move(start));
    }
  }
  return coordinators;
}

std::vector<std::uint32_t> CoordinatedVertices(
    const std::vector<proto::CoordinatorStart>& coordinators) {
  std::vector<std::uint32_t> vertices;
  for (const proto::CoordinatorStart& start : coordinators) vertices.push_back(start.vertex());
  return vertices;
}

}  // namespace weir::jobmanager
