// Keyed state of a given size under a steady load, and an at-least-once sink that says when which
// record came: for what happens when a process is killed, and for what a snapshot costs.
//   --keys N --value-bytes N (state of about their product) --per-second N --result-directory PATH
#include <cstdio>
#include <span>

#include <weir/api.h>

#include "benchmarks/jobs/job_arguments.h"
#include "benchmarks/jobs/paced_source.h"

namespace benchmarks {
namespace {

struct Held {
  std::int64_t count = 0;
  std::string value;
};

struct Arrival {
  std::int64_t created_ns = 0;
  std::int64_t turn = 0;   // of the key, as the source knows it
  std::int64_t count = 0;  // of the key's records, this one included, as the state knows it
};

struct CountAndHold {
  std::int64_t value_bytes = 0;
  weir::ValueState<Held> held{"held"};
  auto States() { return std::tie(held); }
  void ProcessElement(const PacedRecord& record, weir::KeyedProcessContext<std::int64_t>& context,
                      weir::Collector<Arrival>& out) {
    Held& state = held.Mutable(context);
    if (state.value.empty()) {
      state.value.assign(static_cast<std::size_t>(value_bytes), 'a' + record.key % 26);
    }
    ++state.count;
    if (record.created_ns != 0) out.Collect({record.created_ns, record.turn, state.count});
  }
};

// <directory>/<subtask>-<attempt>.arrivals: of each record four numbers of 64 bits, when it was
// created, when it came, turn and count, which are equal unless state was lost or counted twice; in
// the hands of the kernel when Write() returns.
class ArrivalSink {
 public:
  using Record = Arrival;
  explicit ArrivalSink(std::string directory) : directory_(std::move(directory)) {}

  class Writer final : public weir::SinkWriter<Arrival> {
   public:
    explicit Writer(std::string directory) : directory_(std::move(directory)) {}
    ~Writer() override {
      if (file_ != nullptr) std::fclose(file_);
    }
    weir::Status Open(weir::SinkWriterContext& context) override {
      const std::string path = directory_ + "/" +
                               std::to_string(context.runtime().subtask_index()) + "-" +
                               std::to_string(context.runtime().attempt()) + ".arrivals";
      file_ = std::fopen(path.c_str(), "wb");
      return file_ != nullptr ? weir::Status::Ok() : weir::Status::IoError("cannot write " + path);
    }
    weir::Result<weir::WriteStatus> Write(Arrival& record, std::int64_t) override {
      WEIR_RETURN_IF_ERROR(Append({&record, 1}));
      return weir::WriteStatus::kAccepted;
    }
    weir::Result<std::uint32_t> WriteBlock(std::span<Arrival> records,
                                           std::span<const std::int64_t>) {
      WEIR_RETURN_IF_ERROR(Append(records));
      return static_cast<std::uint32_t>(records.size());
    }
    weir::Result<weir::FlushStatus> Flush(bool) override { return weir::FlushStatus::kDone; }

   private:
    weir::Status Append(std::span<Arrival> records) {
      const std::int64_t now_ns = NowNs();
      for (const Arrival& record : records) {
        const std::int64_t line[] = {record.created_ns, now_ns, record.turn, record.count};
        if (std::fwrite(line, sizeof(line), 1, file_) != 1) return Failed();
      }
      return std::fflush(file_) == 0 ? weir::Status::Ok() : Failed();
    }
    static weir::Status Failed() { return weir::Status::IoError("cannot write the arrivals"); }

    const std::string directory_;
    std::FILE* file_ = nullptr;
  };

  std::string name() const { return "Arrivals"; }
  std::unique_ptr<Writer> CreateWriter() const { return std::make_unique<Writer>(directory_); }

 private:
  std::string directory_;
};

void KeyedState(weir::StreamExecutionEnvironment& env) {
  const PacedLoad load{.keys = NumberArgument(env, "--keys"),
                       .per_second = NumberArgument(env, "--per-second")};
  env.FromSource(PacedSource(load))
      .Uid("paced")
      .KeyBy([](const PacedRecord& record) { return record.key; })
      .Process(CountAndHold{.value_bytes = NumberArgument(env, "--value-bytes")})
      .Uid("held")
      .SinkTo(ArrivalSink(Argument(env, "--result-directory")));
}

}  // namespace
}  // namespace benchmarks

WEIR_JOB("keyed-state", benchmarks::KeyedState)
