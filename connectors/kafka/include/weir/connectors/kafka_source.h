// Reading Kafka topics.
//
//   auto source = weir::kafka::KafkaSource<std::string>::Builder()
//                     .BootstrapServers("broker-1:9092,broker-2:9092")
//                     .Topics({"input"})
//                     .StartingOffsets(weir::kafka::OffsetsInitializer::Earliest())
//                     .Build();
//   env.FromSource(source, …)
//
// Each partition is a split; partition i of a topic goes to reader (start(topic) + i) mod
// parallelism, as in Flink. A record's event timestamp is its Kafka timestamp. The job goes on from
// the offsets in its checkpoint; the group only hears of them. Records that the broker has deleted
// before they were read fail the job, unless the property `auto.offset.reset` is set to something
// else than "error".
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/connectors/internal/kafka_options.h>
#include <weir/connectors/internal/kafka_read_session.h>
#include <weir/connectors/kafka_deserializers.h>
#include <weir/connectors/kafka_offsets.h>
#include <weir/connectors/kafka_record.h>
#include <weir/connectors/kafka_split.h>
#include <weir/error_policy.h>
#include <weir/source.h>

namespace weir::kafka {

// Turns a record of Kafka into one of the job: assigns every field of `out` (which holds an old
// record) and says true, or says false to leave this record out. Copied for each reader and held by
// its own type. What it throws is the business of OnError() (weir/error_policy.h), with the value,
// topic, partition and offset. Formats: kafka_formats.h.
template <class D, class T>
concept KafkaDeserializer =
    std::copy_constructible<D> && requires(D& deserializer, const KafkaRecord& record, T& out) {
      { deserializer(record, out) } -> std::convertible_to<bool>;
    };

template <class T, class D>
class KafkaSourceReader final : public SourceReader<T, KafkaSplit> {
 public:
  KafkaSourceReader(internal::KafkaSourceOptions options, D deserializer)
      : session_(std::move(options)), deserializer_(std::move(deserializer)) {}

  Status Open(SourceReaderContext& context) override {
    context_ = &context;
    return session_.Open(context);
  }

  Result<ReadStatus> Read(SourceOutput<T>& output) override {
    output.Select(run_.split_output);
    std::size_t room = 4096;  // bounded also where the deserializer leaves all records out
    while (!output.full() && room > 0) {
      if (next_ == run_.records.size()) {
        next_ = 0;
        run_ = {};
        WEIR_ASSIGN_OR_RETURN(run_, session_.NextRun());
        if (run_.records.empty()) {
          return session_.AtEnd() ? ReadStatus::kEndOfInput : ReadStatus::kNothingAvailable;
        }
        output.Select(run_.split_output);
      }
      WEIR_RETURN_IF_ERROR(ReadRun(output, room));
    }
    return ReadStatus::kMoreAvailable;
  }

  Status AddSplits(std::vector<KafkaSplit> splits) override {
    session_.AddSplits(std::move(splits));
    return Status::Ok();
  }
  void NoMoreSplits() override { session_.NoMoreSplits(); }
  bool PauseOrResumeSplits(const std::vector<std::uint32_t>& pause,
                           const std::vector<std::uint32_t>& resume) override {
    session_.PauseOrResumeSplits(pause, resume);
    return true;
  }
  std::vector<KafkaSplit> Snapshot(std::uint64_t checkpoint_id) override {
    return session_.Snapshot(checkpoint_id, next_);
  }
  void CheckpointComplete(std::uint64_t checkpoint_id) override {
    session_.CheckpointComplete(checkpoint_id);
  }
  void Close() override { session_.Close(); }

 private:
  static std::int64_t TimestampOf(const KafkaRecord& record) {
    return record.timestamp_ms >= 0 ? record.timestamp_ms : weir::internal::kNoTimestamp;
  }
  // Records of the run, at most `room`, which it counts down, up to one that is refused. The
  // handler is around the loop: records that the deserializer takes pay nothing for it.
  Status ReadRun(SourceOutput<T>& output, std::size_t& room) {
    Status refused;
    try {
      for (; next_ < run_.records.size() && room > 0 && !output.full(); --room) {
        const KafkaRecord& record = run_.records[next_++];
        if (!deserializer_(record, output.Next(TimestampOf(record)))) output.DropLast();
      }
      return Status::Ok();
    } catch (const RecordError& error) {
      refused = error.status();
    } catch (const std::exception& exception) {
      refused = Status::UserError(exception.what());
    }
    output.DropLast();
    const KafkaRecord& record = run_.records[next_ - 1];
    return context_->HandleBadRecord({record.value.value_or(std::string_view()), std::move(refused),
                                      std::string(record.topic) + "-" +
                                          std::to_string(record.partition) + " offset " +
                                          std::to_string(record.offset),
                                      TimestampOf(record)});
  }

  internal::KafkaReadSession session_;
  D deserializer_;
  SourceReaderContext* context_ = nullptr;
  internal::KafkaReadSession::Run run_;
  std::size_t next_ = 0;  // in the run
};

// The enumerator of every KafkaSource. Asks the brokers where it may block; never on the caller's
// thread.
std::unique_ptr<SplitEnumerator<KafkaSplit, KafkaEnumeratorState>> CreateKafkaEnumerator(
    internal::KafkaSourceOptions options);

template <class T, class D>
class KafkaSourceBuilder;

template <class T, class D = typename DefaultKafkaDeserializer<T>::type>
class KafkaSource {
 public:
  using Record = T;
  using Split = KafkaSplit;
  using EnumeratorState = KafkaEnumeratorState;
  static constexpr bool kReportsBadRecords = true;

  static KafkaSourceBuilder<T, D> Builder() { return {}; }

  bool bounded() const { return options_.stopping_offsets.has_value(); }
  std::string name() const { return "Kafka"; }
  // What is missing or wrong in the settings; also said when the job starts.
  Status Validate() const { return internal::ValidateSource(options_); }
  std::unique_ptr<SplitEnumerator<KafkaSplit, KafkaEnumeratorState>> CreateEnumerator() const {
    return CreateKafkaEnumerator(options_);
  }
  std::unique_ptr<KafkaSourceReader<T, D>> CreateReader() const {
    return std::make_unique<KafkaSourceReader<T, D>>(options_, deserializer_);
  }

 private:
  template <class, class>
  friend class KafkaSourceBuilder;
  KafkaSource(internal::KafkaSourceOptions options, D deserializer)
      : options_(std::move(options)), deserializer_(std::move(deserializer)) {}

  internal::KafkaSourceOptions options_;
  D deserializer_;
};

// Collects the settings of a source. Methods may come in any order.
template <class T, class D>
class KafkaSourceBuilder {
 public:
  KafkaSourceBuilder() = default;

  // "host:port,host:port"
  KafkaSourceBuilder& BootstrapServers(std::string servers) {
    options_.client.bootstrap_servers = std::move(servers);
    return *this;
  }
  KafkaSourceBuilder& Topics(std::vector<std::string> topics) {
    options_.topics = std::move(topics);
    return *this;
  }
  // For monitoring on the broker: the group is told of the offsets of completed checkpoints;
  // nothing is read from it. Default: none (librdkafka is given the client id prefix).
  KafkaSourceBuilder& GroupId(std::string group) {
    options_.group_id = std::move(group);
    return *this;
  }
  // Whether the group is told. A failure is logged and counted (commitsFailed), no more. Default:
  // yes (Flink's commit.offsets.on.checkpoint).
  KafkaSourceBuilder& CommitOffsetsOnCheckpoint(bool commit) {
    options_.commit_offsets_on_checkpoint = commit;
    return *this;
  }
  // Clients are named "<prefix>-reader-<subtask>" and "<prefix>-enumerator". Default "weir".
  KafkaSourceBuilder& ClientIdPrefix(std::string prefix) {
    options_.client.client_id_prefix = std::move(prefix);
    return *this;
  }
  // Default: Earliest.
  KafkaSourceBuilder& StartingOffsets(OffsetsInitializer offsets) {
    options_.starting_offsets = std::move(offsets);
    return *this;
  }
  // Makes the source bounded: it ends at these offsets, found once when the job starts.
  KafkaSourceBuilder& Bounded(OffsetsInitializer stopping_offsets) {
    options_.stopping_offsets = std::move(stopping_offsets);
    return *this;
  }
  // Any property of librdkafka, by its name there.
  KafkaSourceBuilder& Property(std::string key, std::string value) {
    options_.client.properties.emplace_back(std::move(key), std::move(value));
    return *this;
  }
  // How long unreachable brokers are asked again when the job starts. Default 30 s.
  KafkaSourceBuilder& MetadataTimeoutMs(std::int64_t timeout_ms) {
    options_.client.metadata_timeout_ms = timeout_ms;
    return *this;
  }
  // A function or function object bool(const KafkaRecord&, T& out).
  template <class NewD>
    requires KafkaDeserializer<NewD, T>
  KafkaSourceBuilder<T, NewD> Deserializer(NewD deserializer) const {
    return KafkaSourceBuilder<T, NewD>(options_, std::move(deserializer));
  }

  KafkaSource<T, D> Build() {
    static_assert(
        !std::is_void_v<D>,
        "KafkaSource<T> has a deserializer of its own for std::string and KafkaKeyValue only: "
        "give it one with .Deserializer([](const KafkaRecord& record, T& out) { …; return true; "
        "})");
    return KafkaSource<T, D>(options_, deserializer_);
  }

 private:
  template <class, class>
  friend class KafkaSourceBuilder;
  KafkaSourceBuilder(internal::KafkaSourceOptions options, D deserializer)
      : options_(std::move(options)), deserializer_(std::move(deserializer)) {}

  internal::KafkaSourceOptions options_;
  D deserializer_;
};

}  // namespace weir::kafka
