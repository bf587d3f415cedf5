#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/internal/record_errors.h>
#include <weir/internal/side_outputs.h>
#include <weir/internal/state/keyed_store.h>

namespace weir {
namespace {

// Keeps a line a line, and bytes that are no text readable. What is above `last` is escaped.
void AppendEscaped(std::string_view bytes, std::string& text, unsigned char last = 0xff) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char character : bytes) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte != 0x7f && byte <= last && character != '\\') {
      text += character;
      continue;
    }
    text += character == '\\' ? "\\\\" : "\\x";
    if (character != '\\') (text += kDigits[byte >> 4]) += kDigits[byte & 15];
  }
}

}  // namespace

std::string DeadLetter::ToString() const {
  std::string text = operator_name + " (" + std::to_string(subtask_index + 1) + ")";
  if (!origin.empty()) text += ", " + origin;
  text += ": ";
  AppendEscaped(error, text);
  text += ": ";
  AppendEscaped(record, text);
  return text;
}

namespace internal {

Status StatusOfCurrentException() {
  try {
    throw;
  } catch (const StoreError&) {
    throw;
  } catch (const RecordError& error) {
    return error.status();
  } catch (const std::exception& exception) {
    return Status::UserError(exception.what());
  } catch (...) {
    return Status::UserError("the function threw something that is no std::exception");
  }
}

std::string DescribeRecord(const std::vector<std::byte>& bytes, std::int64_t timestamp_ms) {
  constexpr std::size_t kShownBytes = 200;
  const std::string_view record(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string text = "at the record '";
  // Failures are UTF-8, which serialized numbers and texts that are cut are not.
  AppendEscaped(record.substr(0, kShownBytes), text, 0x7e);
  text += (record.size() > kShownBytes ? "…' (" : "' (") + std::to_string(record.size()) + " bytes";
  if (timestamp_ms != kNoTimestamp) text += ", timestamp " + std::to_string(timestamp_ms);
  return text + ")";
}

Status RecordErrors::Handle(const BadRecord& record) {
  const bool drop = policy_ == ErrorPolicy::kDrop;
  if (counter_ == nullptr) {
    counter_ = &chain_.runtime().metrics().counter(
        operator_name_ + (drop ? ".numRecordsDropped" : ".numDeadLetters"));
  }
  counter_->Increment();
  // The first, the second, the fourth: a stream of nothing but bad records must not fill a disk.
  if (std::has_single_bit(counter_->value())) {
    chain_.runtime().logger().Warning(
        operator_name_ + (drop ? " drops" : " puts aside") + " a record, the " +
        std::to_string(counter_->value()) + ". one" +
        (record.origin.empty() ? "" : " (" + record.origin + ")") + ": " + record.error.ToString());
  }
  if (drop || sides_ == nullptr) return Status::Ok();
  const TaskInformation& task = chain_.runtime().task();
  return sides_->Emit(
      DeadLetterTag(),
      DeadLetter{std::string(record.bytes), record.error.ToString(), operator_name_,
                 task.subtask_index, task.attempt, record.origin, record.timestamp_ms},
      record.timestamp_ms);
}

}  // namespace internal
}  // namespace weir
