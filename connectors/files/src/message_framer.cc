#include "connectors/files/src/message_framer.h"

namespace weir::files {

Result<MessageFramer::Found> MessageFramer::Next(std::string_view bytes, bool at_end) {
  return framing_.kind == Framing::Kind::kLengthPrefix ? NextPrefixed(bytes, at_end)
                                                       : NextLine(bytes, at_end);
}

Result<MessageFramer::Found> MessageFramer::NextLine(std::string_view bytes, bool at_end) {
  const std::size_t end = FindLineEnd(bytes);
  if (end == std::string_view::npos) {
    if (bytes.size() > maximum_message_bytes_) return TooLong();
    if (!at_end) return Found::kNeedMore;
    if (bytes.empty()) return Found::kEnd;
    message_ = bytes;  // the last line may lack its end
    consumed_ = bytes.size();
  } else {
    if (end > maximum_message_bytes_) return TooLong();
    message_ = bytes.substr(0, end);
    if (message_.ends_with('\r')) message_.remove_suffix(1);
    consumed_ = end + 1;
  }
  searched_ = 0;
  within_quotes_ = false;
  return Found::kMessage;
}

std::size_t MessageFramer::FindLineEnd(std::string_view bytes) {
  if (framing_.kind == Framing::Kind::kLines) {
    const std::size_t end = bytes.find('\n', searched_);
    searched_ = bytes.size();
    return end;
  }
  const char ends[] = {'\n', framing_.quote};
  for (;;) {
    const std::size_t at = within_quotes_
                               ? bytes.find(framing_.quote, searched_)
                               : bytes.find_first_of(std::string_view(ends, 2), searched_);
    if (at == std::string_view::npos) {
      searched_ = bytes.size();
      return at;
    }
    if (!within_quotes_ && bytes[at] == '\n') return at;
    // A doubled quote closes and opens again.
    within_quotes_ = !within_quotes_;
    searched_ = at + 1;
  }
}

Result<MessageFramer::Found> MessageFramer::NextPrefixed(std::string_view bytes, bool at_end) {
  constexpr std::size_t kLongestPrefix = 10;
  std::uint64_t length = 0;
  std::size_t size = 0;
  for (;; ++size) {
    if (size == kLongestPrefix) return Status::Corruption("a message's length is no varint");
    if (size == bytes.size()) {
      if (!at_end) return Found::kNeedMore;
      if (size == 0) return Found::kEnd;
      return Status::Corruption("the file ends within a message's length");
    }
    const auto byte = static_cast<unsigned char>(bytes[size]);
    length |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * size);
    if (byte < 0x80) break;
  }
  ++size;
  if (length > maximum_message_bytes_) return TooLong();
  if (bytes.size() - size < length) {
    if (!at_end) return Found::kNeedMore;
    return Status::Corruption("the file ends within a message of " + std::to_string(length) +
                              " bytes");
  }
  message_ = bytes.substr(size, length);
  consumed_ = size + length;
  return Found::kMessage;
}

Status MessageFramer::TooLong() const {
  return Status(
      StatusCode::kResourceExhausted,
      std::string(framing_.kind == Framing::Kind::kLengthPrefix ? "a message" : "a line") +
          " is longer than the " + std::to_string(maximum_message_bytes_) +
          " bytes that MaximumMessageBytes() allows",
      ErrorDomain::kExternal, RetryHint::kNoRetry);
}

}  // namespace weir::files
