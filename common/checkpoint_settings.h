// The settings of checkpoints (those of state: common/state_backend_settings.h), and of what
// happens to a job that fails. A part of the list in common/settings.h; the same rules hold.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/checkpointing_mode.h>

#include "common/setting.h"

namespace weir {

enum class RestartStrategyType { kNone, kFixedDelay, kFailureRate, kExponentialDelay };
template <>
struct SettingEnum<RestartStrategyType> {
  static constexpr std::array<std::string_view, 4> names{"none", "fixed-delay", "failure-rate",
                                                         "exponential-delay"};
};

// What a failure stops and starts again.
enum class FailoverStrategy { kRegion, kFull };
template <>
struct SettingEnum<FailoverStrategy> {
  static constexpr std::array<std::string_view, 2> names{"region", "full"};
};

template <>
struct SettingEnum<CheckpointingMode> {
  static constexpr std::array<std::string_view, 2> names{"EXACTLY_ONCE", "AT_LEAST_ONCE"};
};

// What becomes of the completed checkpoints of a job that has ended. kNone and
// kDeleteOnCancellation differ for a job that FAILED: only the latter keeps them then.
enum class CheckpointRetention { kNone, kDeleteOnCancellation, kRetainOnCancellation };
template <>
struct SettingEnum<CheckpointRetention> {
  static constexpr std::array<std::string_view, 3> names{
      "NO_EXTERNALIZED_CHECKPOINTS", "DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION"};
};

namespace settings {

inline constexpr Setting<std::chrono::milliseconds> kCheckpointingInterval{
    {.key = "execution.checkpointing.interval",
     .has_default = SettingDefault::kNone,
     .minimum = 10,
     .description = "How often a checkpoint is started. Unset: the job takes no checkpoints."}};
inline constexpr Setting<std::string> kCheckpointingDirectory{
    {.key = "execution.checkpointing.dir",
     .has_default = SettingDefault::kNone,
     .description =
         "Folder of checkpoints, a path or file:// URI that every process of the cluster "
         "reaches; each job has a folder of its own in it."}};
inline constexpr Setting<CheckpointingMode> kCheckpointingMode{
    {.key = "execution.checkpointing.mode",
     .default_text = "EXACTLY_ONCE",
     .description =
         "Whether a record's effect on state can be doubled by a recovery; AT_LEAST_ONCE "
         "saves the alignment of barriers."}};
inline constexpr Setting<std::chrono::milliseconds> kCheckpointingTimeout{
    {.key = "execution.checkpointing.timeout",
     .default_text = "10 min",
     .minimum = 10,
     .description = "A checkpoint that takes longer is given up."}};
inline constexpr Setting<std::chrono::milliseconds> kCheckpointingMinPause{
    {.key = "execution.checkpointing.min-pause",
     .default_text = "0 ms",
     .description = "Least time between the end of a checkpoint and the start of the next."}};
inline constexpr Setting<std::int64_t> kCheckpointingMaxConcurrent{
    {.key = "execution.checkpointing.max-concurrent-checkpoints",
     .default_text = "1",
     .minimum = 1,
     .maximum = 1024,
     .description = "Checkpoints of a job that may be under way at once."}};
inline constexpr Setting<std::int64_t> kCheckpointingTolerableFailures{
    {.key = "execution.checkpointing.tolerable-failed-checkpoints",
     .default_text = "0",
     .maximum = INT32_MAX,
     .description = "Checkpoints in a row that may fail before the job does."}};
inline constexpr Setting<std::int64_t> kCheckpointingNumberRetained{
    {.key = "execution.checkpointing.num-retained",
     .default_text = "1",
     .minimum = 1,
     .maximum = 10'000,
     .description = "Completed checkpoints that are kept; older ones are removed."}};
inline constexpr Setting<CheckpointRetention> kCheckpointingRetention{
    {.key = "execution.checkpointing.externalized-checkpoint-retention",
     .default_text = "NO_EXTERNALIZED_CHECKPOINTS",
     .description = "What becomes of completed checkpoints when the job ends: removed; kept if it "
                    "failed; kept also if it was canceled. A job that finished keeps none."}};
inline constexpr Setting<MemorySize> kCheckpointingInlineThreshold{
    {.key = "execution.checkpointing.data-inline-threshold",
     .default_text = "20 kb",
     .maximum = 1 << 20,
     .description = "State of a subtask up to this size is kept in the checkpoint's metadata "
                    "instead of a file of its own."}};
inline constexpr Setting<bool> kCheckpointingUnaligned{
    {.key = "execution.checkpointing.unaligned.enabled",
     .default_text = "false",
     .stability = SettingStability::kEvolving,
     .description = "Checkpoints do not wait for back pressure: a task's snapshot waits for no "
                    "barriers, records on their way become part of it. Exactly-once, one at a "
                    "time."}};
inline constexpr Setting<std::chrono::milliseconds> kCheckpointingAlignedTimeout{
    {.key = "execution.checkpointing.aligned-checkpoint-timeout",
     .default_text = "0 ms",
     .stability = SettingStability::kEvolving,
     .description = "With unaligned checkpoints: each begins aligned and goes on unaligned when it "
                    "takes longer. 0: unaligned at once."}};
inline constexpr Setting<MemorySize> kCheckpointingMaximumChannelState{
    {.key = "execution.checkpointing.unaligned.maximum-channel-state-size",
     .default_text = "256 mb",
     .stability = SettingStability::kEvolving,
     .description = "Most that an unaligned checkpoint may have of the records on their way to a "
                    "subtask. With more it is given up, which is no failure, and the next one is "
                    "aligned."}};

inline constexpr Setting<FailoverStrategy> kFailoverStrategy{
    {.key = "jobmanager.execution.failover-strategy",
     .default_text = "region",
     .description = "What a failure restarts: region, the tasks that exchange records with the "
                    "failed one, directly or through others; or full, all of the job."}};
inline constexpr Setting<RestartStrategyType> kRestartStrategy{
    {.key = "restart-strategy.type",
     .has_default = SettingDefault::kNone,
     .description = "What happens to a job that fails. Unset: exponential-delay with checkpoints, "
                    "none without."}};
inline constexpr Setting<std::int64_t> kFixedDelayAttempts{
    {.key = "restart-strategy.fixed-delay.attempts",
     .default_text = "1",
     .description = "Restarts before the job fails for good."}};
inline constexpr Setting<std::chrono::milliseconds> kFixedDelay{
    {.key = "restart-strategy.fixed-delay.delay",
     .default_text = "1 s",
     .description = "Pause before each restart."}};
inline constexpr Setting<std::int64_t> kFailureRateMaxFailures{
    {.key = "restart-strategy.failure-rate.max-failures-per-interval",
     .default_text = "1",
     .minimum = 1,
     .maximum = 1'000'000,
     .description = "Failures within the interval that are answered with a restart; one more fails "
                    "the job for good."}};
inline constexpr Setting<std::chrono::milliseconds> kFailureRateInterval{
    {.key = "restart-strategy.failure-rate.failure-rate-interval",
     .default_text = "1 min",
     .minimum = 1,
     .description = "The interval in which failures are counted."}};
inline constexpr Setting<std::chrono::milliseconds> kFailureRateDelay{
    {.key = "restart-strategy.failure-rate.delay",
     .default_text = "1 s",
     .description = "Pause before each restart."}};
inline constexpr Setting<std::chrono::milliseconds> kExponentialDelayInitialBackoff{
    {.key = "restart-strategy.exponential-delay.initial-backoff",
     .default_text = "1 s",
     .minimum = 1,
     .description = "Pause before the first restart; a lost process is answered at once the first "
                    "time."}};
inline constexpr Setting<std::chrono::milliseconds> kExponentialDelayMaxBackoff{
    {.key = "restart-strategy.exponential-delay.max-backoff",
     .default_text = "1 min",
     .minimum = 1,
     .description = "Longest pause before a restart."}};
inline constexpr Setting<double> kExponentialDelayMultiplier{
    {.key = "restart-strategy.exponential-delay.backoff-multiplier",
     .default_text = "1.5",
     .description = "Each pause is this many times the one before; above 1."}};
inline constexpr Setting<std::chrono::milliseconds> kExponentialDelayResetThreshold{
    {.key = "restart-strategy.exponential-delay.reset-backoff-threshold",
     .default_text = "1 h",
     .minimum = 1,
     .description = "After this long without a failure the pauses begin anew."}};
inline constexpr Setting<double> kExponentialDelayJitter{
    {.key = "restart-strategy.exponential-delay.jitter-factor",
     .default_text = "0.1",
     .description = "Part of the pause by which it is made longer or shorter at random; 0 to 1."}};
inline constexpr Setting<std::int64_t> kExponentialDelayAttempts{
    {.key = "restart-strategy.exponential-delay.attempts-before-reset-backoff",
     .has_default = SettingDefault::kNone,
     .minimum = 1,
     .description = "Restarts before the job fails for good, counted anew with the pauses. Unset: "
                    "any number."}};

}  // namespace settings

}  // namespace weir
