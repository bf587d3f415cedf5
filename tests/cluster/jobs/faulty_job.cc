// Jobs that go wrong.
//
// "faulty": paced source -> map that misbehaves -> sink.
//   --fault segfault|overflow|abort|throw|exit|loop|threads|none   --at V: on the record of this
//   value
//   --subtask S: in this subtask only   --attempts A: in the first A attempts only   --output
//   --records --rate --parallelism
// "sourceless": describes nothing. "different": another graph each time it is made. "unserious":
// throws. "racing": has a data race, in every process that makes its graph.
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include <unistd.h>

#include <weir/api.h>

#include "tests/cluster/jobs/counting_source.h"
#include "tests/cluster/jobs/job_arguments.h"
#include "tests/cluster/jobs/record_file_sink.h"

namespace {

using namespace weir::cluster_test;

constexpr int kLeakedThreads = 8;

// Threads that nobody will ever end: they outlive the function, the task and the job's end.
void LeakThreads() {
  for (int i = 0; i < kLeakedThreads; ++i) {
    std::thread([] {
      std::mutex mutex;
      std::condition_variable never;
      std::unique_lock lock(mutex);
      never.wait(lock, [] { return false; });
    }).detach();
  }
}

// Uses up the thread's stack.
std::uint64_t Overflow(std::uint64_t depth) {
  volatile std::uint64_t frame[64] = {depth};
  return Overflow(depth + 1) + frame[depth % 64];
}

[[noreturn]] void LoopForEver() {
  for (volatile std::uint64_t turns = 0;;) turns = turns + 1;
}

struct Misbehave {
  std::string fault;
  std::int64_t at = 0;
  std::uint32_t subtask = 0;
  std::uint32_t attempts = 1;
  bool armed = false;

  weir::Status Open(weir::RuntimeContext& context) {
    armed = context.subtask_index() == subtask && context.attempt() < attempts;
    return weir::Status::Ok();
  }
  TaggedRecord operator()(const TaggedRecord& record) {
    if (armed && record.value >= at) {
      armed = false;
      Act();
    }
    return record;
  }
  void Act() const {
    if (fault == "segfault") *const_cast<volatile int*>(reinterpret_cast<const int*>(16)) = 1;
    if (fault == "overflow") Overflow(0);
    if (fault == "abort") std::abort();
    if (fault == "throw") throw std::runtime_error("the map does not like record 1000");
    if (fault == "exit") ::_exit(7);
    if (fault == "loop") LoopForEver();
    if (fault == "threads") LeakThreads();
  }
};

void FaultyJob(weir::StreamExecutionEnvironment& env) {
  const JobArguments arguments(env.arguments(), {{"fault", "none"},
                                                 {"at", "1000"},
                                                 {"subtask", "0"},
                                                 {"attempts", "1000000"},
                                                 {"output", ""},
                                                 {"records", "1000000"},
                                                 {"rate", "0"},
                                                 {"parallelism", "1"},
                                                 {"end-file", ""}});
  env.SetJobName("faulty " + arguments.Text("fault"));
  env.SetParallelism(arguments.Count("parallelism"));
  const CountingSource source(arguments.Number("records"),
                              {.records_per_second = arguments.Number("rate"),
                               .stop_file = "",
                               .end_file = arguments.Text("end-file")});
  env.FromSource(source, "source")
      .Rebalance()
      .Map(Misbehave{.fault = arguments.Text("fault"),
                     .at = arguments.Number("at"),
                     .subtask = arguments.Count("subtask"),
                     .attempts = arguments.Count("attempts")})
      .Name("misbehave")
      .SinkTo(RecordFileSink({.directory = arguments.Text("output"), .pace = {}}))
      .Name("sink");
}

void SourcelessJob(weir::StreamExecutionEnvironment&) {}

// Uses what is different in every process, as a job must not.
void DifferentJob(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 1000)
      .Map([](std::int64_t number) { return number; })
      .Name("map of process " + std::to_string(::getpid()))
      .Print();
}

void UnseriousJob(weir::StreamExecutionEnvironment&) {
  throw std::runtime_error("this job never meant to run");
}

void RacingJob(weir::StreamExecutionEnvironment& env) {
  int shared = 0;
  std::thread other([&shared] { shared = 1; });
  shared = 2;
  other.join();
  env.FromSequence(1, 2 + shared / 2).Print();
}

}  // namespace

WEIR_JOB("faulty", FaultyJob)
WEIR_JOB("sourceless", SourcelessJob)
WEIR_JOB("different", DifferentJob)
WEIR_JOB("unserious", UnseriousJob)
WEIR_JOB("racing", RacingJob)
