// What a golden job is made with: see README.md.
//
//   void WordCount(weir::golden::GoldenJob& golden) {
//     golden.Expect(golden.Lines().FlatMap(…)…, Order::kPerKey);
//   }
//   GOLDEN_JOB(WordCount)
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/api.h>

namespace weir::golden {

// How results are compared with the expected ones.
enum class Order {
  kAny,     // as a multiset
  kPerKey,  // lines that begin with the same word: in this order
};

// The words of a line, between spaces.
std::vector<std::string> Words(std::string_view line);

// Given to the job's function for each run. One thread.
class GoldenJob {
 public:
  // `folder` holds the texts. `env` outlives it.
  GoldenJob(std::string folder, StreamExecutionEnvironment& env)
      : folder_(std::move(folder)), env_(env) {}

  // Its parallelism changes from run to run.
  StreamExecutionEnvironment& env() { return env_; }

  // The lines of a file of the job's folder, in order, as one split.
  SingleOutputStreamOperator<std::string> Lines(const std::string& file = "input.txt") {
    return env_.FromData(ReadLines(file));
  }
  // The lines, turned into records by T parse(const std::vector<std::string>& words).
  template <class T, class Parse>
  SingleOutputStreamOperator<T> Records(
      Parse parse, const WatermarkStrategy<T>& strategy = WatermarkStrategy<T>::NoWatermarks(),
      const std::string& file = "input.txt") {
    std::vector<T> records;
    for (const std::string& line : ReadLines(file)) records.push_back(parse(Words(line)));
    return env_.FromSource(DataSource<T>(std::move(records)), strategy).SetParallelism(1);
  }

  // What the job has to come to: the lines of `file`. Once for each job.
  void Expect(const DataStream<std::string>& results, Order order = Order::kAny,
              const std::string& file = "expected.txt") {
    results.SinkTo(sink_);
    order_ = order;
    expected_file_ = file;
  }

  // For the runner.
  const CollectSink<std::string>& sink() const { return sink_; }
  Order order() const { return order_; }
  std::vector<std::string> ReadExpected() const { return ReadLines(expected_file_); }

 private:
  // Without empty ones and those that begin with '#'.
  std::vector<std::string> ReadLines(const std::string& file) const;

  const std::string folder_;
  StreamExecutionEnvironment& env_;
  CollectSink<std::string> sink_;
  Order order_ = Order::kAny;
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
