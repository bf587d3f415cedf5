// StreamExecutionEnvironment: where a DataStream program begins.
//
// In a plugin the environment is given to the function that WEIR_JOB names (weir/job_plugin.h);
// that function runs once to describe the job and again in every worker, and must make the same
// graph each time. So what it reads of the world it reads through the environment, which records it
// and replays it: arguments, environment variables, files.
//
// One thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/checkpointing_mode.h>
#include <weir/connected_streams.h>
#include <weir/data_sources.h>
#include <weir/data_stream.h>
#include <weir/execute_and_collect.h>
#include <weir/internal/compiled_job.h>
#include <weir/internal/plugin.h>
#include <weir/job_execution_result.h>
#include <weir/keyed_stream.h>

namespace weir {

// Any type as weir/source.h describes it.
template <class S>
concept SourceDescription = requires(const S& source) {
  typename S::Record;
  typename S::Split;
  typename S::EnumeratorState;
  source.name();
  source.bounded();
  source.CreateEnumerator();
  source.CreateReader();
};

class StreamExecutionEnvironment {
 public:
  // For plugins and tests. `inputs` outlives the environment.
  explicit StreamExecutionEnvironment(internal::JobInputs& inputs);
  // For programs that run their job themselves: ExecuteLocal().
  StreamExecutionEnvironment(int argument_count, const char* const* arguments);
  StreamExecutionEnvironment(const StreamExecutionEnvironment&) = delete;
  StreamExecutionEnvironment& operator=(const StreamExecutionEnvironment&) = delete;
  ~StreamExecutionEnvironment();

  // --- what the program may know of the world ---

  // Without the program's name.
  const std::vector<std::string>& arguments() const { return inputs_->arguments; }
  // The variable where the job was submitted, or `default_value` if it is not set there.
  std::string EnvironmentVariable(const std::string& name, const std::string& default_value = "");
  // The whole file as it was where the job was submitted. NotFound or IoError.
  Result<std::string> ReadFile(const std::string& path);
  // A value given by -D or the cluster's configuration, or `default_value`.
  std::string Configuration(const std::string& key, const std::string& default_value = "") const;

  // --- settings of the job ---

  void SetJobName(std::string name) { graph_->job_name = std::move(name); }
  // Of operators that set none of their own.
  void SetParallelism(std::uint32_t parallelism) { graph_->default_parallelism = parallelism; }
  std::uint32_t parallelism() const { return graph_->default_parallelism; }
  void SetMaxParallelism(std::uint32_t max_parallelism) {
    graph_->max_parallelism = max_parallelism;
  }
  // Any setting of the job by its key, as in config.yaml; wins over cluster defaults.
  void Set(const std::string& key, std::string value) {
    graph_->configuration[key] = std::move(value);
  }
  // Takes a checkpoint every `interval_ms` (at least 10), from which the job goes on after a
  // failure. Where to is the cluster's execution.checkpointing.dir, or Set() here.
  void EnableCheckpointing(std::int64_t interval_ms,
                           CheckpointingMode mode = CheckpointingMode::kExactlyOnce);
  // After a failure start again, at most `attempts` times, each after `delay_ms`.
  void SetFixedDelayRestart(std::uint32_t attempts, std::int64_t delay_ms);
  // A failure ends the job.
  void SetNoRestart();
  // How long a partly filled batch may wait under back pressure.
  void SetBufferTimeout(std::int64_t timeout_ms);

  // --- sources ---

  // Records have the timestamps that the source gives them; event time does not advance before the
  // end of the input.
  template <SourceDescription Source>
  SingleOutputStreamOperator<typename Source::Record> FromSource(Source source,
                                                                 std::string name = "") {
    return FromSource(std::move(source), WatermarkStrategy<typename Source::Record>::NoWatermarks(),
                      std::move(name));
  }
  template <SourceDescription Source>
  SingleOutputStreamOperator<typename Source::Record> FromSource(
      Source source, WatermarkStrategy<typename Source::Record> strategy, std::string name = "") {
    graph_->Fail(strategy.failure());
    if (strategy.alignment() && !graph_->alignment_groups) {
      graph_->alignment_groups = std::make_shared<internal::WatermarkAlignmentGroups>();
    }
    internal::StreamNode node;
    node.kind = internal::OperatorKind::kSource;
    node.type = "Source: " + source.name();
    node.name = std::move(name);
    node.factory = std::make_shared<internal::SourceOperatorFactory<Source>>(
        std::move(source), std::move(strategy), graph_->alignment_groups);
    return SingleOutputStreamOperator<typename Source::Record>(
        graph_, graph_->AddNode(std::move(node), {}));
  }
  // These records in this order; parallelism 1 unless set. Meant for tests and examples: the
  // records are part of the program.
  template <class T>
  SingleOutputStreamOperator<T> FromData(std::vector<T> records) {
    return FromSource(DataSource<T>(std::move(records))).SetParallelism(1);
  }
  template <class T>
  SingleOutputStreamOperator<T> FromData(std::initializer_list<T> records) {
    return FromData(std::vector<T>(records));
  }
  // The numbers from `first` to `last`, both included, divided among the subtasks. `last` must be
  // below the largest int64.
  SingleOutputStreamOperator<std::int64_t> FromSequence(std::int64_t first, std::int64_t last);

  // --- the end of the program ---

  // Runs the job in this process and waits for its end. Only for environments made from main()'s
  // arguments; a plugin's job is run by the cluster.
  Result<JobExecutionResult> ExecuteLocal(const std::string& job_name);

  // For plugins and tests: the program so far as a job.
  Result<std::unique_ptr<internal::CompiledJob>> Compile() const;

 private:
  std::unique_ptr<internal::JobInputs> own_inputs_;
  internal::JobInputs* inputs_;
  std::shared_ptr<internal::StreamGraph> graph_;
};

}  // namespace weir
