// Gives a chain the state that it starts from: parts of the state files of old subtasks.
#pragma once

#include <string>
#include <vector>

#include <weir/internal/chain.h>
#include <weir/internal/job_graph.h>
#include <weir/status.h>

#include "common/file_system.h"
#include "taskmanager/task/channel_state.h"
#include "taskmanager/task/checkpoint_description.h"
#include "taskmanager/task/task_threads.h"

namespace weir::task {

// FailedPrecondition: the program does not fit the state, and no restart changes that.
Status StateMismatch(std::string message);

// Between CreateChain() and Open(), on the thread that opens the chain; blocks. `tables`: those of
// the chain. `pool` lends threads that read ahead; all they use but `files` is their own. Keyed
// state: the key groups of this subtask. Operator state: this subtask's share of what all old
// subtasks had. Records that were on their way to these go into `channels`. FailedPrecondition
// where the program does not fit the state (no such operator, state or edge, another schema or
// maximum parallelism), Corruption, Unsupported or the file system's error where a file cannot be
// read. Every error names the checkpoint, and operator, state and file where there is one.
Status RestoreChain(const TaskRestore& restore, const internal::JobVertex& vertex,
                    std::uint32_t subtask, FileSystem& files, WorkPool& pool,
                    const std::vector<internal::ChainedKeyedTable>& tables,
                    ChannelStateRestore& channels, internal::Chain& chain);

}  // namespace weir::task
