// What happens to a record that user code or a deserializer rejects: OnError() of an operator.
//
//   auto orders = lines.MapInto<Order>(weir::DeserializeWith(weir::json::JsonFormat<Order>()))
//                     .OnError(weir::ErrorPolicy::kDeadLetter);
//   orders.DeadLetters().Map([](const weir::DeadLetter& letter) { return letter.ToString(); })
//       .SinkTo(…);
//
// A record is rejected when the function throws, or when a reader's deserializer says so. It costs
// nothing until that happens: the operator's loop resumes with the record behind the one that
// failed. Operators that have it: Map, MapInto, Update, Filter, FlatMap, Process, also on two
// streams and with a broadcast one, window and interval joins, asynchronous calls, Reduce and
// Aggregate, windows, and sources that deserialize (Kafka, files); elsewhere OnError() is an error
// when the job is submitted.
//
// What a join's function throws rejects the pair that it was called for. The letter has both
// records, the first stream's before the other's; each still meets its other partners.
//
// An asynchronous call rejects its record when it ends with an error and is not tried again, or
// when its time is over and there is no Timeout() that completes it.
//
// What a function did before it threw stays done: what it collected goes on, what it put out to the
// side too, and a letter of Update carries the record as the function left it. But a value that
// Reduce or Aggregate keeps, in a window or for the key, is as if the record had not come; for that
// they work on a copy of it.
//
// Only what is thrown for a record that comes in is the policy's business. What OnTimer() throws,
// or a window that fires (but for a join's pairs), or a trigger while sessions merge, is no single
// record's fault and fails the task; so does what a coGroup throws.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <weir/fields.h>
#include <weir/side_output.h>
#include <weir/status.h>

namespace weir {

enum class ErrorPolicy : std::uint8_t {
  kFail,        // the task fails; the restart strategy decides
  kDrop,        // dropped and counted: metric "<operator>.numRecordsDropped"
  kDeadLetter,  // goes to DeadLetters(), and is counted: "<operator>.numDeadLetters"
};

// A rejected record with what is known of it.
struct DeadLetter {
  std::string record;         // of a reader: the bytes it was given; else as weir/serializer.h says
  std::string error;          // "USER… : what was wrong"
  std::string operator_name;  // that rejected it
  std::uint32_t subtask_index = 0;
  std::uint32_t attempt = 0;
  // Of a reader: where it came from, "topic-3 offset 17" or "/in/a.json line 4, byte 112". Else
  // empty.
  std::string origin;
  std::int64_t timestamp_ms = 0;  // event time, or internal::kNoTimestamp

  // One line: operator, subtask, origin, error and the record, with control characters escaped.
  std::string ToString() const;
  bool operator==(const DeadLetter&) const = default;
};
WEIR_FIELDS(DeadLetter, record, error, operator_name, subtask_index, attempt, origin, timestamp_ms)

// A record that a source's reader was given and cannot make sense of.
struct BadRecord {
  std::string_view bytes;
  Status error;
  std::string origin;
  std::int64_t timestamp_ms = 0;
};

// Thrown by a user function for a Status of its own: code and message are kept.
class RecordError : public std::exception {
 public:
  explicit RecordError(Status status) : status_(std::move(status)), text_(status_.ToString()) {}
  const Status& status() const { return status_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Status status_;
  std::string text_;
};

namespace internal {

inline constexpr std::string_view kDeadLetterTagId = "weir.dead-letters";
inline OutputTag<DeadLetter> DeadLetterTag() {
  return OutputTag<DeadLetter>(std::string(kDeadLetterTagId));
}

}  // namespace internal
}  // namespace weir
