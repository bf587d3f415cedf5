// Tests of jobs and of their parts. Needs no test framework; what goes wrong is thrown.
//
// Operators alone, with a clock and watermarks that the test moves:
//
//   weir::testing::StreamHarness harness;
//   auto bids = harness.AddInput<Bid>();
//   auto counts = harness.AddOutput(
//       bids.stream().KeyBy(&Bid::auction).Process(CountBids()).Uid("count"));
//   bids.PushRecord({.auction = 7}, 1'000);
//   bids.PushWatermark(1'000);
//   counts.records();     // with their timestamps
//   counts.watermarks();
//
// What runs are the operators that a cluster runs, put together by the same compiler; only channels
// and time are the harness' own. Each operator has one subtask. Two inputs make a harness for
// connected streams; AddOutput(stream.GetSideOutput(tag)) shows a side output.
//
// What operators keep: TakeSnapshot() of one harness and Restore() in another, of the same or
// another number of subtasks.
//
// Whole jobs: give the program a CollectSink (weir/collect_sink.h) and call env.ExecuteLocal(), or
// ask a stream for ExecuteAndCollect().
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/collect_sink.h>
#include <weir/environment.h>
#include <weir/internal/plugin.h>
#include <weir/internal/testing/harness_source.h>
#include <weir/internal/testing/harness_tasks.h>
#include <weir/internal/testing/state_snapshot.h>
#include <weir/status.h>

namespace weir::testing {

// Anything but an exception of a user function, which passes through as it is.
class HarnessError final : public std::runtime_error {
 public:
  explicit HarnessError(Status status)
      : std::runtime_error(status.ToString()), status_(std::move(status)) {}
  const Status& status() const { return status_; }

 private:
  Status status_;
};

template <class T>
struct TimestampedRecord {
  T record{};
  std::int64_t timestamp_ms = internal::kNoTimestamp;
  friend bool operator==(const TimestampedRecord&, const TimestampedRecord&)
    requires std::equality_comparable<T>
  = default;
};

template <class T>
class TestInput;
template <class T>
class TestOutput;

// One thread. Inputs and outputs are handles that must not be used when the harness is gone.
class StreamHarness {
 public:
  StreamHarness();
  // Closes the operators if Finish() was not called; an error of that is lost.
  ~StreamHarness();
  StreamHarness(const StreamHarness&) = delete;
  StreamHarness& operator=(const StreamHarness&) = delete;

  // Inputs and outputs are added before the harness is opened. T must be copyable.
  template <class T>
  TestInput<T> AddInput();
  template <class T>
  TestOutput<T> AddOutput(const DataStream<T>& stream);

  // Opens the operators. The first push, step of the clock or Finish() does it, too.
  void Open();
  // Processing time, in milliseconds, begins at 0. Fires the timers on the way, each when its time
  // has passed: a function's timer for 100, and the window [0, 101), at 101.
  void AdvanceProcessingTime(std::int64_t to_ms);
  // Lets the operators go on until `condition` holds: for those that wait for other threads, such
  // as asynchronous functions. Throws TimedOut after `timeout_ms` of real time.
  void RunUntil(const std::function<bool()>& condition, std::int64_t timeout_ms = 10'000);
  // Ends all inputs, as at the end of a bounded job, waits until the operators are done with them,
  // as RunUntil() does, and closes the operators.
  void Finish();

  // What a checkpoint holds that is taken now, when all pushed records are through the operators
  // (asynchronous calls may still be under way). Calls the functions' SnapshotState().
  StateSnapshot TakeSnapshot(std::uint64_t checkpoint_id = 1);
  void NotifyCheckpointComplete(std::uint64_t checkpoint_id);
  void NotifyCheckpointAborted(std::uint64_t checkpoint_id);
  // Before the harness is opened: its operators, the same ones by their uids, begin with what those
  // of another harness had; of several, in order, if they were subtasks (RunAsSubtask). Time begins
  // anew: the test moves clock and watermarks on to where they were.
  void Restore(std::vector<StateSnapshot> subtasks);
  // Before the harness is opened: its operators are one of several subtasks. Push only records of
  // keys for which SubtaskOfKey() says so.
  void RunAsSubtask(std::uint32_t subtask, std::uint32_t parallelism);

  std::int64_t processing_time_ms() const { return tasks_.processing_time_ms(); }
  // What the functions counted under this name (RuntimeContext::metrics()), and logged.
  std::uint64_t counter(std::string_view name) const { return tasks_.counter(name); }
  std::vector<std::string> logged() const { return tasks_.logged(); }

 private:
  template <class T>
  friend class TestInput;

  // Opens if need be, and throws what `call` fails with.
  template <class Call>
  void Do(Call&& call) {
    Open();
    ThrowUnlessOk(call());
  }
  static void ThrowUnlessOk(Status status);
  void RefuseWhenOpen(const char* call) const;

  internal::JobInputs inputs_of_job_;
  StreamExecutionEnvironment env_;
  HarnessTasks tasks_;
  std::map<std::string, ElementConsumer*> consumers_;
  std::vector<std::shared_ptr<void>> kept_;        // behind handles
  std::vector<std::shared_ptr<bool>> input_ends_;  // PushedRecords::ended
  bool opened_ = false;
  bool closed_ = false;
};

// A stream that the test feeds. What a push causes has happened when it returns.
template <class T>
class TestInput {
 public:
  // To put operators behind.
  const DataStream<T>& stream() const { return stream_; }

  void PushRecord(T record, std::int64_t timestamp_ms = internal::kNoTimestamp) {
    pushed_->records.emplace_back(std::move(record), timestamp_ms);
    harness_->Do([this] { return harness_->tasks_.Run(); });
  }
  // In one block, as far as it holds them.
  void PushRecords(const std::vector<TimestampedRecord<T>>& records) {
    for (const auto& each : records) pushed_->records.emplace_back(each.record, each.timestamp_ms);
    harness_->Do([this] { return harness_->tasks_.Run(); });
  }
  // Must be above the one before.
  void PushWatermark(std::int64_t timestamp_ms) { Inject(internal::Watermark{timestamp_ms}); }
  // Whether the input holds back the watermark of operators with several inputs.
  void PushIdle() { Inject(internal::WatermarkStatus{true}); }
  void PushActive() { Inject(internal::WatermarkStatus{false}); }
  // The end of this input, with the final watermark before it.
  void End() {
    *ended_ = true;
    harness_->Do([this] { return harness_->tasks_.Run(); });
  }

 private:
  friend class StreamHarness;
  TestInput(StreamHarness& harness, std::string uid, DataStream<T> stream,
            std::shared_ptr<PushedRecords<T>> pushed)
      : harness_(&harness),
        uid_(std::move(uid)),
        stream_(std::move(stream)),
        pushed_(std::move(pushed)),
        ended_(pushed_, &pushed_->ended) {}
  void Inject(const internal::ControlElement& element) {
    harness_->Do([&] { return harness_->tasks_.Inject(uid_, element); });
  }

  StreamHarness* harness_;
  std::string uid_;
  DataStream<T> stream_;
  std::shared_ptr<PushedRecords<T>> pushed_;
  std::shared_ptr<bool> ended_;
};

// What came out of a stream, in order.
template <class T>
class TestOutput {
 public:
  const std::vector<TimestampedRecord<T>>& records() const { return kept_->records; }
  // Without their timestamps.
  std::vector<T> values() const {
    std::vector<T> values;
    for (const auto& each : kept_->records) values.push_back(each.record);
    return values;
  }
  // What came since the last call of this method.
  std::vector<TimestampedRecord<T>> TakeRecords() { return std::exchange(kept_->records, {}); }
  const std::vector<std::int64_t>& watermarks() const { return kept_->watermarks; }
  // Whether the stream said last that it is idle.
  bool idle() const { return kept_->idle; }

 private:
  friend class StreamHarness;
  struct Kept final : public ElementConsumer {
    void OnBatch(internal::AnyBatch& any) override {
      auto& batch = static_cast<internal::Batch<T>&>(any);
      for (std::uint32_t i = 0; i < batch.size(); ++i) {
        records.push_back({std::move(batch[i]), batch.timestamp(i)});
      }
    }
    void OnWatermark(std::int64_t timestamp_ms) override { watermarks.push_back(timestamp_ms); }
    void OnWatermarkStatus(bool is_idle) override { idle = is_idle; }

    std::vector<TimestampedRecord<T>> records;
    std::vector<std::int64_t> watermarks;
    bool idle = false;
  };
  explicit TestOutput(std::shared_ptr<Kept> kept) : kept_(std::move(kept)) {}

  std::shared_ptr<Kept> kept_;
};

template <class T>
TestInput<T> StreamHarness::AddInput() {
  RefuseWhenOpen("AddInput");
  const std::string uid = "weir.harness.input-" + std::to_string(kept_.size());
  auto pushed = std::make_shared<PushedRecords<T>>();
  kept_.push_back(pushed);
  input_ends_.emplace_back(pushed, &pushed->ended);
  auto stream = env_.FromSource(HarnessSource<T>(pushed)).Uid(uid).DisableChaining();
  return TestInput<T>(*this, uid, std::move(stream), std::move(pushed));
}

template <class T>
TestOutput<T> StreamHarness::AddOutput(const DataStream<T>& stream) {
  RefuseWhenOpen("AddOutput");
  const std::string uid = "weir.harness.output-" + std::to_string(kept_.size());
  auto kept = std::make_shared<typename TestOutput<T>::Kept>();
  kept_.push_back(kept);
  consumers_[uid] = kept.get();
  stream.SinkTo(CollectSink<T>()).Uid(uid).DisableChaining();
  return TestOutput<T>(std::move(kept));
}

}  // namespace weir::testing
