// Numbers 0 … N-1, counted by key and by window, into two folders of files.
//
//   --output FOLDER   --records N   --rate R per second (0: as fast as it goes)   --keys K
//   --window-ms W   --slow-ms M: each record of key 0 takes so long in the counting operator
//
// Event time is the number itself, in milliseconds. What must come out follows from N, K and W
// alone: tests/cluster/numbered_output.h.
#include <cstdint>
#include <string>
#include <thread>
#include <tuple>

#include <weir/api.h>
#include <weir/connectors/file_sink.h>
#include <weir/connectors/generator_source.h>

#include "tests/cluster/jobs/job_arguments.h"

namespace {

using weir::cluster_test::JobArguments;

struct Number {
  std::int64_t index = 0;
  std::int64_t key = 0;
};
WEIR_FIELDS(Number, index, key)

const auto kByKey = [](const Number& number) { return number.key; };

// "index key n": the record is the key's n-th.
struct CountPerKey {
  std::int64_t slow_ms = 0;
  weir::ValueState<std::int64_t> count{"count"};
  auto States() { return std::tie(count); }

  void ProcessElement(const Number& number, weir::KeyedProcessContext<std::int64_t>& context,
                      weir::Collector<std::string>& out) {
    // A long call of user code is what a test asks for here.
    if (slow_ms > 0 && number.key == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(slow_ms));
    const std::int64_t n = ++count.Mutable(context);
    out.Collect(std::to_string(number.index) + " " + std::to_string(number.key) + " " +
                std::to_string(n));
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

void NumberedJob(weir::StreamExecutionEnvironment& env) {
  const JobArguments arguments(env.arguments(), {{"output", ""},
                                                 {"records", "1000"},
                                                 {"rate", "0"},
                                                 {"keys", "97"},
                                                 {"window-ms", "1000"},
                                                 {"slow-ms", "0"}});
  const std::int64_t keys = arguments.Number("keys");
  const auto make = [keys](std::int64_t index) { return Number{index, index * 7919 % keys}; };
  const auto rate =
      arguments.Number("rate") == 0
          ? weir::generator::RateLimit::Unlimited()
          : weir::generator::RateLimit::PerSecond(static_cast<double>(arguments.Number("rate")));
  const auto numbers =
      env.FromSource(
             weir::generator::DataGeneratorSource(make, arguments.Number("records"), rate),
             weir::WatermarkStrategy<Number>::ForMonotonousTimestamps().WithTimestampAssigner(
                 [](const Number& number) { return number.index; }),
             "numbers")
          .Uid("numbers");
  const weir::files::FileSink counts(weir::TextFormat(), arguments.Text("output") + "/counts");
  const weir::files::FileSink windows(weir::TextFormat(), arguments.Text("output") + "/windows");
  numbers.KeyBy(kByKey)
      .Process(CountPerKey{arguments.Number("slow-ms")})
      .Name("count")
      .Uid("count")
      .SinkTo(counts)
      .Uid("counts");
  numbers.KeyBy(kByKey)
      .Window(weir::TumblingEventTimeWindows::Of(arguments.Number("window-ms")))
      .Aggregate(Totals(),
                 [](std::int64_t key, weir::WindowContext<std::int64_t>& context,
                    const weir::WindowElements<Total>& totals, weir::Collector<std::string>& out) {
                   out.Collect(
                       std::to_string(key) + " " + std::to_string(context.window().start_ms) + " " +
                       std::to_string(totals[0].count) + " " + std::to_string(totals[0].sum));
                 })
      .Name("totals")
      .Uid("totals")
      .SinkTo(windows)
      .Uid("windows");
}

}  // namespace

WEIR_JOB("numbered", NumberedJob)
