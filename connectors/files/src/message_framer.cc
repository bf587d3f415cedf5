#include "connectors/files/src/message_framer.h"

#include <algorithm>

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
  behind_quoted_ = 0;
  return Found::kMessage;
}

std::size_t MessageFramer::FindLineEnd(std::string_view bytes) {
  if (framing_.kind == Framing::Kind::kQuotedLines) return FindQuotedLineEnd(bytes);
  const std::size_t end = bytes.find('\n', searched_);
  searched_ = bytes.size();
  return end;
}

// Every byte is looked at twice at most, and only by memchr().
std::size_t MessageFramer::FindQuotedLineEnd(std::string_view bytes) {
  std::size_t at = searched_;
  const auto line_break = [&] { return std::min(bytes.find('\n', at), bytes.size()); };
  std::size_t end = within_quotes_ ? 0 : line_break();
  for (;;) {
    if (within_quotes_) {
      const std::size_t quote = bytes.find(framing_.quote, at);
      if (quote == std::string_view::npos) break;
      within_quotes_ = false;
      behind_quoted_ = at = quote + 1;
      if (end < at) end = line_break();
    }
    const std::size_t quote = bytes.substr(0, end).find(framing_.quote, at);
    if (quote == std::string_view::npos) {
      if (end < bytes.size()) return end;
      break;
    }
    within_quotes_ = OpensField(bytes, quote);
    at = quote + 1;
  }
  searched_ = bytes.size();
  return std::string_view::npos;
}

bool MessageFramer::OpensField(std::string_view bytes, std::size_t at) const {
  // The second one of a doubled quote.
  if (at == behind_quoted_) return true;
  if (bytes[at - 1] == framing_.delimiter) return true;
  // A file may begin with a byte order mark.
  return at == 3 && bytes.starts_with("\xef\xbb\xbf");
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
