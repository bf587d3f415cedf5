#include "taskmanager/task/channel_builder.h"

#include <utility>
#include <vector>

#include <weir/internal/channel_layout.h>

#include "taskmanager/task/remote_output_channel.h"
#include "taskmanager/task/task_outputs.h"

namespace weir::task {

using internal::ChannelOffset;
using internal::JobEdge;
using internal::JobGraph;
using internal::SubtaskRange;

ChannelBuilder::ChannelBuilder(const TaskResources& resources, network::DataPlane& data_plane,
                               Deployment deployment, TaskBySubtask tasks)
    : resources_(resources),
      data_plane_(data_plane),
      deployment_(std::move(deployment)),
      tasks_(std::move(tasks)) {}

const network::PeerAddress& ChannelBuilder::PeerOf(std::uint32_t vertex,
                                                   std::uint32_t subtask) const {
  return deployment_.peers[deployment_.placement[vertex].peer[subtask]];
}

bool ChannelBuilder::IsLocal(std::uint32_t vertex, std::uint32_t subtask) const {
  return PeerOf(vertex, subtask).worker_id == resources_.options.worker_id;
}

network::ChannelIdentity ChannelBuilder::Identity(const ChannelKey& key) const {
  const auto [edge_index, source, target] = key;
  const JobGraph& graph = resources_.job.graph();
  const JobEdge& edge = graph.edges[edge_index];
  const std::uint32_t offset =
      ChannelOffset(source, target, graph.vertices[edge.target_vertex].parallelism);
  return {.channel = deployment_.first_channel[edge_index] + offset,
          .source_attempt = deployment_.placement[edge.source_vertex].attempt[source],
          .target_attempt = deployment_.placement[edge.target_vertex].attempt[target]};
}

std::string ChannelBuilder::Describe(const ChannelKey& key) const {
  const auto [edge_index, source, target] = key;
  const JobGraph& graph = resources_.job.graph();
  const JobEdge& edge = graph.edges[edge_index];
  const auto end = [&](std::uint32_t vertex, std::uint32_t subtask) {
    const network::PeerAddress& peer = PeerOf(vertex, subtask);
    return "subtask " + std::to_string(subtask) + " of '" + graph.vertices[vertex].name +
           "' on worker " + peer.worker_id + " (" + peer.host + ":" +
           std::to_string(peer.data_port) + ")";
  };
  return "channel " + std::to_string(Identity(key).channel) + " (" +
         resources_.job.channel_type(edge_index).type_name() + ") from " +
         end(edge.source_vertex, source) + " to " + end(edge.target_vertex, target);
}

std::uint32_t ChannelBuilder::FanOut(const ChannelKey& key) const {
  const auto [edge_index, source, target] = key;
  const JobGraph& graph = resources_.job.graph();
  const JobEdge& edge = graph.edges[edge_index];
  return TargetsOf(edge.partitioning, source, graph.vertices[edge.source_vertex].parallelism,
                   graph.vertices[edge.target_vertex].parallelism)
      .size();
}

std::function<void(Status)> ChannelBuilder::OnFailure(std::shared_ptr<TaskMailbox> mailbox,
                                                      const ChannelKey& key) const {
  return [mailbox = std::move(mailbox), name = Describe(key)](Status status) {
    mailbox->Fail(status.WithContext(name));
  };
}

Status ChannelBuilder::BuildInputs(Task& task) {
  const JobGraph& graph = resources_.job.graph();
  const TaskAttempt& target = task.attempt();
  std::vector<std::pair<std::uint32_t, SubtaskRange>> edges;
  std::uint32_t channel_count = 0;
  for (std::uint32_t index = 0; index < graph.edges.size(); ++index) {
    const JobEdge& edge = graph.edges[index];
    if (edge.target_vertex != target.vertex) continue;
    const SubtaskRange sources =
        SourcesOf(edge.partitioning, target.subtask, graph.vertices[edge.source_vertex].parallelism,
                  graph.vertices[target.vertex].parallelism);
    edges.emplace_back(index, sources);
    channel_count += sources.size();
  }
  auto ready = std::make_shared<ReadyList>(channel_count, task.shared_mailbox());
  std::vector<InputGate::Edge> inputs;
  std::uint32_t ready_index = 0;
  for (const auto& [index, sources] : edges) {
    InputGate::Edge input{.input_number = graph.edges[index].target_input};
    const auto pool = std::make_shared<BatchPool>(resources_.job.channel_type(index),
                                                  internal::kMaximumBatchCapacity);
    for (std::uint32_t source = sources.first; source < sources.end; ++source) {
      WEIR_ASSIGN_OR_RETURN(auto channel, BuildInput(task, {index, source, target.subtask}, pool,
                                                     ready, ready_index++));
      input.channels.push_back(std::move(channel));
    }
    inputs.push_back(std::move(input));
  }
  task.SetInputs(std::move(inputs), std::move(ready));
  return Status::Ok();
}

Result<std::unique_ptr<InputChannel>> ChannelBuilder::BuildInput(
    Task& task, const ChannelKey& key, const std::shared_ptr<BatchPool>& pool,
    const std::shared_ptr<ReadyList>& ready, std::uint32_t ready_index) {
  const std::uint32_t source_vertex = resources_.job.graph().edges[std::get<0>(key)].source_vertex;
  const std::uint32_t source = std::get<1>(key);
  if (IsLocal(source_vertex, source)) {
    const auto producer = tasks_.find({source_vertex, source});
    if (producer == tasks_.end()) {
      return Status(StatusCode::kFailedPrecondition,
                    Describe(key) + ": its source is placed here but not deployed with it");
    }
    auto channel = std::make_shared<LocalChannel>(
        LocalCredits(FanOut(key), resources_.options.credits_per_channel),
        resources_.options.overdraft_batches, ready, ready_index,
        producer->second->shared_mailbox());
    local_channels_[key] = channel;
    return std::unique_ptr<InputChannel>(std::make_unique<LocalInputChannel>(std::move(channel)));
  }
  network::ReceiverEvents events{.on_element = [ready, ready_index] { ready->Signal(ready_index); },
                                 .on_failure = OnFailure(task.shared_mailbox(), key)};
  WEIR_ASSIGN_OR_RETURN(auto receiver, data_plane_.RegisterInput(
                                           Identity(key), PeerOf(source_vertex, source).worker_id,
                                           std::move(events)));
  return std::unique_ptr<InputChannel>(std::make_unique<RemoteInputChannel>(
      pool, std::move(receiver), resources_.options.maximum_record_bytes, Describe(key),
      task.bytes_in()));
}

Status ChannelBuilder::BuildOutputs(Task& task) {
  const JobGraph& graph = resources_.job.graph();
  const TaskAttempt& source = task.attempt();
  for (std::uint32_t index = 0; index < graph.edges.size(); ++index) {
    const JobEdge& edge = graph.edges[index];
    if (edge.source_vertex != source.vertex) continue;
    const SubtaskRange targets =
        TargetsOf(edge.partitioning, source.subtask, graph.vertices[source.vertex].parallelism,
                  graph.vertices[edge.target_vertex].parallelism);
    std::vector<std::unique_ptr<QueuedOutputChannel>> channels;
    for (std::uint32_t target = targets.first; target < targets.end; ++target) {
      WEIR_ASSIGN_OR_RETURN(auto channel, BuildOutput(task, {index, source.subtask, target}));
      channels.push_back(std::move(channel));
    }
    task.context().outputs().AddOutput(std::move(channels));
  }
  return Status::Ok();
}

Result<std::unique_ptr<QueuedOutputChannel>> ChannelBuilder::BuildOutput(Task& task,
                                                                         const ChannelKey& key) {
  const std::uint32_t target_vertex = resources_.job.graph().edges[std::get<0>(key)].target_vertex;
  const std::uint32_t target = std::get<2>(key);
  TaskOutputs& outputs = task.context().outputs();
  if (IsLocal(target_vertex, target)) {
    const auto channel = local_channels_.find(key);
    if (channel == local_channels_.end()) {
      return Status(StatusCode::kFailedPrecondition,
                    Describe(key) + ": its target is placed here but not deployed with it");
    }
    return std::unique_ptr<QueuedOutputChannel>(
        std::make_unique<LocalOutputChannel>(outputs, channel->second));
  }
  network::SenderEvents events{
      .on_credit = [mailbox = task.shared_mailbox()] { mailbox->NotifyAvailable(); },
      .on_failure = OnFailure(task.shared_mailbox(), key)};
  WEIR_ASSIGN_OR_RETURN(
      auto sender,
      data_plane_.OpenOutput(Identity(key), PeerOf(target_vertex, target), std::move(events)));
  return std::unique_ptr<QueuedOutputChannel>(std::make_unique<RemoteOutputChannel>(
      outputs, resources_.job.channel_type(std::get<0>(key)), std::move(sender),
      resources_.options.maximum_record_bytes, Describe(key)));
}

}  // namespace weir::task
