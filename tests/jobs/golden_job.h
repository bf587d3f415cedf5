// What a golden job is made with: see README.md.
//
//   void WordCount(weir::golden::GoldenJob& golden) {
//     golden.Expect(golden.Lines().FlatMap(…)…, Order::kPerKey);
//   }
//   GOLDEN_JOB(WordCount)
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/api.h>
#include <weir/connectors/file_system.h>
#include <weir/connectors/generator_source.h>

namespace weir::golden {

// How results are compared with the expected ones.
enum class Order {
  kAny,     // as a multiset
  kPerKey,  // lines that begin with the same word: in this order
};

// The words of a line, between spaces.
std::vector<std::string> Words(std::string_view line);

// What one run of a golden job is given from outside.
struct GoldenWorld {
  std::string folder;  // holds the texts
  // How long each input lasts; 0: as fast as it goes. Gives checkpoints and kills their time.
  double input_seconds = 0;
  // The folder for results that are files.
  std::string output = {};
  // Whether all results are files; else only those of ExpectFiles(), and others go to sink().
  bool only_files = false;
};

// Given to the job's function for each run. One thread.
class GoldenJob {
 public:
  // `env` outlives it.
  GoldenJob(GoldenWorld world, StreamExecutionEnvironment& env)
      : world_(std::move(world)), env_(env) {}

  // Its parallelism changes from run to run.
  StreamExecutionEnvironment& env() { return env_; }

  // For sources and sinks of files: where the job's texts are, and how they are read, so slowly
  // that all of them last as long as other inputs; where results go.
  const std::string& folder() const { return world_.folder; }
  std::shared_ptr<const files::FileSystem> file_system() const;
  const std::string& output() const { return world_.output; }

  // The lines of a file of the job's folder, in order, as one split.
  SingleOutputStreamOperator<std::string> Lines(const std::string& file = "input.txt") {
    return From(ReadLines(file), WatermarkStrategy<std::string>::NoWatermarks());
  }
  // The lines, turned into records by T parse(const std::vector<std::string>& words).
  template <class T, class Parse>
  SingleOutputStreamOperator<T> Records(
      Parse parse, const WatermarkStrategy<T>& strategy = WatermarkStrategy<T>::NoWatermarks(),
      const std::string& file = "input.txt") {
    std::vector<T> records;
    for (const std::string& line : ReadLines(file)) records.push_back(parse(Words(line)));
    return From(std::move(records), strategy);
  }

  // What the job has to come to: the lines of `file`. Once for each job.
  void Expect(const DataStream<std::string>& results, Order order = Order::kAny,
              const std::string& file = "expected.txt");
  // The same for lines that a sink of the job's own writes into files below output().
  template <class Sink>
  void ExpectFiles(const DataStream<std::string>& results, const Sink& sink,
                   Order order = Order::kAny, const std::string& file = "expected.txt") {
    order_ = order;
    expected_file_ = file;
    wrote_files_ = true;
    results.SinkTo(sink).Uid("results");
  }

  // For the runner.
  const CollectSink<std::string>& sink() const { return sink_; }
  bool wrote_files() const { return wrote_files_; }
  Order order() const { return order_; }
  std::vector<std::string> ReadExpected() const { return ReadLines(expected_file_); }

 private:
  template <class T>
  SingleOutputStreamOperator<T> From(std::vector<T> records, const WatermarkStrategy<T>& strategy) {
    if (world_.input_seconds == 0) {
      return env_.FromSource(DataSource<T>(std::move(records)), strategy).SetParallelism(1);
    }
    const auto shared = std::make_shared<const std::vector<T>>(std::move(records));
    const auto get = [shared](std::int64_t index) {
      return (*shared)[static_cast<std::size_t>(index)];
    };
    const auto count = static_cast<std::int64_t>(shared->size());
    const auto rate = generator::RateLimit::PerSecond(
        static_cast<double>(std::max<std::int64_t>(count, 1)) / world_.input_seconds);
    return env_.FromSource(generator::DataGeneratorSource(get, count, rate), strategy)
        .SetParallelism(1);
  }
  // Without empty ones and those that begin with '#'.
  std::vector<std::string> ReadLines(const std::string& file) const;

  const GoldenWorld world_;
  StreamExecutionEnvironment& env_;
  CollectSink<std::string> sink_;
  Order order_ = Order::kAny;
  bool wrote_files_ = false;
  std::string expected_file_;
};

struct RegisteredJob {
  std::string name;  // of its folder
  void (*function)(GoldenJob&);
};
std::vector<RegisteredJob>& RegisteredJobs();

// `source`: the path of the job.cc.
bool RegisterJob(std::string_view source, void (*function)(GoldenJob&));

}  // namespace weir::golden

// Once in each job.cc; the job has the name of its folder.
#define GOLDEN_JOB(function)                                        \
  [[maybe_unused]] const bool WEIR_CONCAT_(kRegistered, __LINE__) = \
      ::weir::golden::RegisterJob(__FILE__, &function);
