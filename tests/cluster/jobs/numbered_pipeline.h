// What the numbered jobs do with their numbers, wherever these come from: counted by key and by
// window, into the folders `counts` and `windows` of files.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include <weir/api.h>
#include <weir/connectors/file_sink.h>

namespace weir::cluster_test {

struct Number {
  std::int64_t index = 0;
  std::int64_t key = 0;
};
WEIR_FIELDS(Number, index, key)

inline Number NumberOf(std::int64_t index, std::int64_t keys) {
  return {.index = index, .key = index * 7919 % keys};
}

// Event time is the number itself, in milliseconds.
inline auto NumberTime() {
  return WatermarkStrategy<Number>::ForMonotonousTimestamps().WithTimestampAssigner(
      [](const Number& number) { return number.index; });
}

// "index key n": the record is the key's n-th.
struct CountPerKey {
  ValueState<std::int64_t> count{"count"};
  auto States() { return std::tie(count); }

  void ProcessElement(const Number& number, KeyedProcessContext<std::int64_t>& context,
                      Collector<std::string>& out) {
    const std::int64_t n = ++count.Mutable(context);
    out.Collect(std::to_string(number.index) + " " + std::to_string(number.key) + " " +
                std::to_string(n));
  }
};

// State of another type under the name that CountPerKey uses.
struct CountPerKeyInText {
  ValueState<std::string> count{"count"};
  auto States() { return std::tie(count); }

  void ProcessElement(const Number& number, KeyedProcessContext<std::int64_t>& context,
                      Collector<std::string>& out) {
    std::string& marks = count.Mutable(context);
    marks += '|';
    out.Collect(std::to_string(number.index) + " " + std::to_string(number.key) + " " +
                std::to_string(marks.size()));
  }
};

struct Total {
  std::int64_t count = 0;
  std::int64_t sum = 0;
};
WEIR_FIELDS(Total, count, sum)

struct Totals {
  Total CreateAccumulator() { return {}; }
  void Add(const Number& number, Total& total) {
    ++total.count;
    total.sum += number.index;
  }
  Total GetResult(const Total& total) { return total; }
};

struct NumberedPipeline {
  std::string output;
  std::int64_t window_ms = 1000;

  template <class Counter>
  void Build(const DataStream<Number>& numbers, Counter counter) const {
    const auto by_key = [](const Number& number) { return number.key; };
    const files::FileSink counts(TextFormat(), output + "/counts");
    const files::FileSink windows(TextFormat(), output + "/windows");
    numbers.KeyBy(by_key)
        .Process(std::move(counter))
        .Name("count")
        .Uid("count")
        .SinkTo(counts)
        .Uid("counts");
    numbers.KeyBy(by_key)
        .Window(TumblingEventTimeWindows::Of(window_ms))
        .Aggregate(Totals(),
                   [](std::int64_t key, WindowContext<std::int64_t>& context,
                      const WindowElements<Total>& totals, Collector<std::string>& out) {
                     out.Collect(std::to_string(key) + " " +
                                 std::to_string(context.window().start_ms) + " " +
                                 std::to_string(totals[0].count) + " " +
                                 std::to_string(totals[0].sum));
                   })
        .Name("totals")
        .Uid("totals")
        .SinkTo(windows)
        .Uid("windows");
  }
};

}  // namespace weir::cluster_test
