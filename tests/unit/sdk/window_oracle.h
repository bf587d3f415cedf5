// What windows must do, written down as simply as can be: all records are kept, every window of a
// key is looked at for every event. Nothing is shared with the operators under test.
//
// Follows Flink 2.0's WindowOperator, its triggers and evictors.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace weir::testing {

struct OracleRecord {
  std::int64_t key = 0;
  std::int64_t value = 0;
  std::int64_t timestamp_ms = 0;
  std::int64_t gap_ms = 0;  // for sessions with a dynamic gap
};

enum class OracleAssigner { kAligned, kSession, kGlobal };
enum class OracleTrigger {
  kEventTime,
  kProcessingTime,
  kCount,
  kContinuousEventTime,
  kContinuousProcessingTime,
  kDelta,
  kNever,
  kEndOfStream,
};
enum class OracleEvictor { kNone, kCount, kTime, kDelta };

struct OraclePlan {
  bool event_time = true;
  OracleAssigner assigner = OracleAssigner::kAligned;
  std::int64_t size_ms = 1;
  std::int64_t slide_ms = 1;
  std::int64_t offset_ms = 0;
  std::int64_t gap_ms = 1;
  bool dynamic_gap = false;
  OracleTrigger trigger = OracleTrigger::kEventTime;
  std::int64_t trigger_argument = 1;
  bool purging = false;
  OracleEvictor evictor = OracleEvictor::kNone;
  std::int64_t evictor_argument = 1;
  bool evict_after = false;
  std::int64_t lateness_ms = 0;

  std::string ToString() const;
};

// One firing. `values`: of the records, in the order in which they came into the window.
struct OracleResult {
  std::int64_t key = 0;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  std::vector<std::int64_t> values;
  auto operator<=>(const OracleResult&) const = default;
};

class WindowOracle {
 public:
  explicit WindowOracle(OraclePlan plan) : plan_(plan) {}

  void Add(const OracleRecord& record);
  void AdvanceWatermark(std::int64_t watermark_ms);
  void AdvanceProcessingTime(std::int64_t now_ms);

  std::vector<OracleResult> results;  // the caller takes them
  std::vector<OracleRecord> late;

 private:
  struct Window {
    std::int64_t key = 0;
    std::int64_t start_ms = 0;
    std::int64_t end_ms = 0;  // the end of time for the global one
    std::vector<OracleRecord> records;
    std::set<std::int64_t> event_timers;
    std::set<std::int64_t> processing_timers;
    std::int64_t count = 0;
    std::optional<std::int64_t> next_firing;
    std::optional<OracleRecord> fired;

    std::int64_t last_ms() const;
  };
  enum class Result { kContinue, kFire };

  std::vector<std::pair<std::int64_t, std::int64_t>> WindowsOf(const OracleRecord& record) const;
  Window& WindowFor(std::int64_t key, std::int64_t start_ms, std::int64_t end_ms);
  Window& Merged(std::int64_t key, std::int64_t start_ms, std::int64_t end_ms);
  void OnMerge(Window& into, const Window& from);
  std::int64_t CleanupTime(const Window& window) const;
  bool IsLate(const Window& window) const;
  void Remove(const Window& window);
  Result OnElement(Window& window, const OracleRecord& record);
  Result OnEventTime(Window& window, std::int64_t time_ms);
  Result OnProcessingTime(Window& window, std::int64_t time_ms);
  void Fire(Window& window, Result result);
  void Evict(std::vector<OracleRecord>& records) const;
  bool FireFirstTimer(bool event_time, std::int64_t until_ms);

  const OraclePlan plan_;
  std::vector<Window> windows_;
  std::int64_t watermark_ms_ = INT64_MIN;
  std::int64_t now_ms_ = 0;
};

}  // namespace weir::testing
