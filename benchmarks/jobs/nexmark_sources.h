// Nexmark's streams as Weir sources: --source memory|generated, --records N; in event time
// --events-per-second N.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <weir/connectors/generator.h>
#include <weir/environment.h>
#include <weir/watermark_strategy.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/workloads/nexmark/generator.h"
#include "benchmarks/workloads/nexmark/queries.h"

namespace benchmarks::nexmark {

// Hands out copies of bids that the process makes once and keeps.
struct BidsInMemory {
  void Open(weir::RuntimeContext&) {
    static const std::vector<Bid> kept = MakeBids();
    bids = &kept;
  }
  void operator()(std::int64_t index, Bid& bid) const {
    bid = (*bids)[static_cast<std::size_t>(index % kBidsInMemory)];
  }
  const std::vector<Bid>* bids = nullptr;
};

// Makes the i-th bid in any form. The tables are made where the bids are.
struct BidByIndex {
  void Open(weir::RuntimeContext&) { generator = std::make_shared<const Generator>(settings); }
  template <class AnyBid>
  void operator()(std::int64_t index, AnyBid& bid) const {
    generator->Fill(Generator::BidNumber(index), bid);
  }
  Settings settings;
  std::shared_ptr<const Generator> generator;
};

// Makes the i-th event of the mixed stream.
struct EventByIndex {
  void Open(weir::RuntimeContext&) { generator = std::make_shared<const Generator>(settings); }
  void operator()(std::int64_t index, Event& event) const {
    generator->Fill(generator->IdOf(index), event);
  }
  Settings settings;
  std::shared_ptr<const Generator> generator;
};

// A watermark for each tenth of a second of event time. Periodic ones would come as often as the
// machine is slow.
class WatermarkSteps {
 public:
  template <class T>
  void OnEvent(const T&, std::int64_t timestamp_ms, weir::WatermarkOutput& output) {
    if (timestamp_ms < next_ms_) return;
    const std::int64_t begin_ms = timestamp_ms - timestamp_ms % kStepMs;
    output.EmitWatermark(begin_ms - 1);
    next_ms_ = begin_ms + kStepMs;
  }

 private:
  static constexpr std::int64_t kStepMs = 100;
  std::int64_t next_ms_ = 0;
};

// For records that come in the order of their times.
template <class T>
weir::WatermarkStrategy<T> InSteps() {
  return weir::WatermarkStrategy<T>::ForGenerator(WatermarkSteps())
      .WithTimestampAssigner([](const T& record) { return record.date_time_ms; });
}

inline weir::DataStream<Bid> Bids(weir::StreamExecutionEnvironment& env) {
  const std::int64_t records = NumberArgument(env, "--records");
  if (Argument(env, "--source") == "memory") {
    return env.FromSource(weir::generator::GenerateInto<Bid>(BidsInMemory(), records));
  }
  return env.FromSource(weir::generator::GenerateInto<Bid>(BidByIndex(), records));
}

inline weir::DataStream<BidWithStrings> BidsWithStrings(weir::StreamExecutionEnvironment& env) {
  return env.FromSource(weir::generator::GenerateInto<BidWithStrings>(
      BidByIndex(), NumberArgument(env, "--records")));
}

inline weir::DataStream<Event> AllEvents(weir::StreamExecutionEnvironment& env) {
  return env.FromSource(
      weir::generator::GenerateInto<Event>(EventByIndex(), NumberArgument(env, "--records")));
}

// The same in event time, which --events-per-second says; always generated.
inline Settings TimedSettings(weir::StreamExecutionEnvironment& env) {
  Settings settings;
  settings.events_per_second = NumberArgument(env, "--events-per-second");
  return settings;
}
inline weir::DataStream<Bid> TimedBids(weir::StreamExecutionEnvironment& env) {
  return env.FromSource(weir::generator::GenerateInto<Bid>(BidByIndex{TimedSettings(env), nullptr},
                                                           NumberArgument(env, "--records")),
                        InSteps<Bid>(), "Bids");
}
inline weir::DataStream<Event> TimedEvents(weir::StreamExecutionEnvironment& env) {
  return env.FromSource(
      weir::generator::GenerateInto<Event>(EventByIndex{TimedSettings(env), nullptr},
                                           NumberArgument(env, "--records")),
      InSteps<Event>(), "Events");
}

}  // namespace benchmarks::nexmark
