// Tells the messages in a stream of bytes apart. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/format.h>
#include <weir/status.h>

namespace weir::files {

class MessageFramer {
 public:
  enum class Found : std::uint8_t {
    kMessage,   // see message() and consumed()
    kNeedMore,  // no whole message yet: call again with more bytes behind these
    kEnd,       // at the end there is nothing left
  };

  MessageFramer(const Framing& framing, std::size_t maximum_message_bytes)
      : framing_(framing), maximum_message_bytes_(maximum_message_bytes) {}

  // `bytes` begins where the last message ended; `at_end`: nothing follows it. ResourceExhausted:
  // the message is too long. Corruption: its length is nonsense, or the stream ends within it.
  Result<Found> Next(std::string_view bytes, bool at_end);
  // Of the last kMessage: the message, a part of `bytes`, and how much of those it and what ends it
  // took.
  std::string_view message() const { return message_; }
  std::size_t consumed() const { return consumed_; }

 private:
  Result<Found> NextLine(std::string_view bytes, bool at_end);
  Result<Found> NextPrefixed(std::string_view bytes, bool at_end);
  // Where the line ends, npos: not among these bytes.
  std::size_t FindLineEnd(std::string_view bytes);
  std::size_t FindQuotedLineEnd(std::string_view bytes);
  // Whether the quote at `at` begins a quoted field, or goes on with one.
  bool OpensField(std::string_view bytes, std::size_t at) const;
  Status TooLong() const;

  const Framing framing_;
  const std::size_t maximum_message_bytes_;
  std::string_view message_;
  std::size_t consumed_ = 0;
  std::size_t searched_ = 0;  // the line does not end before this
  bool within_quotes_ = false;
  std::size_t behind_quoted_ = 0;  // behind the last closing quote of this line; 0: none
};

}  // namespace weir::files
