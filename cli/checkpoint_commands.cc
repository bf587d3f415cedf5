#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/job_manager_client.h"
#include "cli/text_table.h"

namespace weir::cli {

namespace {

// "12 B", "3.4 KiB": binary units, as everywhere in the configuration.
std::string FormatBytes(std::int64_t bytes) {
  constexpr std::int64_t kUnit = 1024;
  if (bytes < kUnit) return std::to_string(bytes) + " B";
  const char* unit = "KiB";
  auto tenths = bytes * 10 / kUnit;
  for (const char* next : {"MiB", "GiB", "TiB"}) {
    if (tenths < kUnit * 10) break;
    tenths /= kUnit;
    unit = next;
  }
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " " + unit;
}

std::string Remark(const CheckpointReport& checkpoint) {
  if (!checkpoint.failure.empty()) return checkpoint.failure;
  return checkpoint.discarded ? checkpoint.path + " (removed)" : checkpoint.path;
}

void PrintCheckpoints(const std::vector<CheckpointReport>& checkpoints, CommandContext& context) {
  if (checkpoints.empty()) {
    context.out << "No checkpoints yet.\n";
    return;
  }
  using enum TextTable::Align;
  TextTable table({{"ID", kRight},
                   {"STATUS"},
                   {"TRIGGERED"},
                   {"DURATION", kRight},
                   {"SIZE", kRight},
                   {"TASKS", kRight},
                   {"PATH OR FAILURE"}});
  for (const CheckpointReport& checkpoint : checkpoints) {
    table.AddRow({std::to_string(checkpoint.id), checkpoint.status,
                  FormatTime(checkpoint.trigger_time_ms), FormatDuration(checkpoint.duration_ms),
                  FormatBytes(checkpoint.state_bytes),
                  std::to_string(checkpoint.tasks_acknowledged) + "/" +
                      std::to_string(checkpoint.tasks_total),
                  Remark(checkpoint)});
  }
  context.out << table.ToString();
}

}  // namespace

ExitCode ListCheckpoints(const CheckpointsOptions& options, CommandContext& context) {
  Result<SocketAddress> server = FindServer(options.server.address, context.environment);
  if (!server.ok()) return Complain(server.status(), context);
  Result<std::vector<CheckpointReport>> checkpoints =
      JobManagerClient(*server).ListCheckpoints(options.job_id);
  if (!checkpoints.ok()) return Complain(checkpoints.status(), context);
  if (options.json) {
    context.out << CheckpointsAsJson(*checkpoints);
  } else {
    PrintCheckpoints(*checkpoints, context);
  }
  return ExitCode::kSuccess;
}

ExitCode TakeCheckpoint(const CheckpointOptions& options, CommandContext& context) {
  Result<SocketAddress> server = FindServer(options.server.address, context.environment);
  if (!server.ok()) return Complain(server.status(), context);
  JobManagerClient client(*server);
  Result<std::string> trigger_id = client.TriggerCheckpoint(options.job_id);
  if (!trigger_id.ok()) return Complain(trigger_id.status(), context);
  context.waiter.HoldInterrupts();
  while (true) {
    Result<CheckpointTriggerReport> trigger =
        client.GetCheckpointTrigger(options.job_id, *trigger_id);
    if (!trigger.ok()) return Complain(trigger.status(), context);
    if (trigger->ended && !trigger->failure.empty()) {
      context.err << "weir: the checkpoint failed: " << trigger->failure << "\n";
      return ExitCode::kError;
    }
    if (trigger->ended) {
      Result<CheckpointReport> checkpoint =
          client.GetCheckpoint(options.job_id, trigger->checkpoint_id);
      if (!checkpoint.ok()) return Complain(checkpoint.status(), context);
      if (options.json) {
        context.out << CheckpointAsJson(*checkpoint);
      } else {
        context.out << "Checkpoint " << checkpoint->id << " completed: " << checkpoint->path
                    << "\n";
      }
      return ExitCode::kSuccess;
    }
    if (!context.waiter.Wait(context.poll_interval_ms)) {
      context.err << "The checkpoint goes on; `weir checkpoints " << options.job_id
                  << "` shows it.\n";
      return ExitCode::kInterrupted;
    }
  }
}

}  // namespace weir::cli
