#include <bit>
#include <exception>
#include <utility>

#include <weir/internal/record_errors.h>
#include <weir/internal/side_outputs.h>
#include <weir/internal/state/keyed_store.h>

namespace weir {
namespace {

// Keeps a line a line, and bytes that are no text readable.
void AppendEscaped(std::string_view bytes, std::string& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char character : bytes) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte != 0x7f && character != '\\') {
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
