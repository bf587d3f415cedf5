// Makes the channels of one deployment: which subtask reads from which, in this process or another.
//
// The control thread's. Lives from Deploy() to Start().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include <weir/status.h>

#include "taskmanager/network/byte_channel.h"
#include "taskmanager/task/local_channel.h"
#include "taskmanager/task/remote_input_channel.h"
#include "taskmanager/task/task.h"
#include "taskmanager/task/task_description.h"
#include "taskmanager/task/task_resources.h"

namespace weir::task {

class ChannelBuilder {
 public:
  using TaskBySubtask = std::map<std::pair<std::uint32_t, std::uint32_t>, std::shared_ptr<Task>>;

  // `resources` and `data_plane` live longer. `tasks`: those of this deployment, by vertex and
  // subtask.
  ChannelBuilder(const TaskResources& resources, network::DataPlane& data_plane,
                 Deployment deployment, TaskBySubtask tasks);

  // Gives the task its incoming channels and registers the remote ones.
  Status BuildInputs(Task& task);
  // Gives the task its outgoing channels and opens the remote ones; after all BuildInputs().
  Status BuildOutputs(Task& task);

  const TaskBySubtask& tasks() const { return tasks_; }

 private:
  // Edge, source subtask, target subtask.
  using ChannelKey = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;

  bool IsLocal(std::uint32_t vertex, std::uint32_t subtask) const;
  const network::PeerAddress& PeerOf(std::uint32_t vertex, std::uint32_t subtask) const;
  network::ChannelIdentity Identity(const ChannelKey& key) const;
  std::string Describe(const ChannelKey& key) const;
  // Channels of the edge that leave the key's source.
  std::uint32_t FanOut(const ChannelKey& key) const;
  Result<std::unique_ptr<InputChannel>> BuildInput(Task& task, const ChannelKey& key,
                                                   const std::shared_ptr<BatchPool>& pool,
                                                   const std::shared_ptr<ReadyList>& ready,
                                                   std::uint32_t ready_index);
  Result<std::unique_ptr<QueuedOutputChannel>> BuildOutput(Task& task, const ChannelKey& key);
  // Fails the task of `mailbox` when the connection of the channel is lost.
  std::function<void(Status)> OnFailure(std::shared_ptr<TaskMailbox> mailbox,
                                        const ChannelKey& key) const;

  const TaskResources& resources_;
  network::DataPlane& data_plane_;
  const Deployment deployment_;
  const TaskBySubtask tasks_;
  std::map<ChannelKey, std::shared_ptr<LocalChannel>> local_channels_;
};

}  // namespace weir::task
