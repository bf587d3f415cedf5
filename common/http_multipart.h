// A streaming parser of multipart/form-data (RFC 7578, RFC 2046): fed with chunks cut anywhere, it
// never holds more than a part's headers. A pure state machine without sockets or files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir {

// The boundary of a Content-Type "multipart/form-data; boundary=…"; kInvalidArgument when it is
// something else.
Result<std::string> ParseMultipartBoundary(std::string_view content_type);

struct MultipartPartHead {
  std::string name;  // of the form field
  bool has_file_name = false;
  std::string file_name;     // as the client sent it
  std::string content_type;  // empty when not given
};

// What the parser found, in order: for each part one OnPartBegin, any number of OnPartData, one
// OnPartEnd. An error returned from here ends the parsing and comes out of Feed.
class MultipartEvents {
 public:
  virtual ~MultipartEvents() = default;
  virtual Status OnPartBegin(const MultipartPartHead& head) = 0;
  virtual Status OnPartData(std::string_view bytes) = 0;
  virtual Status OnPartEnd() = 0;
};

// For one body and one thread. After an error it must not be fed again.
class MultipartParser {
 public:
  // Headers of one part may be this long.
  static constexpr std::size_t kMaxHeaderBytes = 8192;

  // `events` outlives the parser.
  MultipartParser(std::string_view boundary, MultipartEvents& events);

  // kInvalidArgument for anything malformed.
  Status Feed(std::string_view chunk);
  // The body is over: kInvalidArgument unless the closing boundary was seen.
  Status Finish() const;

 private:
  enum class State {
    kPreamble,       // before the first boundary; ignored
    kAfterBoundary,  // "--" ends the body, blanks and a line end begin a part
    kHeaders,        // up to the empty line
    kData,           // a part's content
    kEpilogue,       // after the closing boundary; ignored
  };

  Status FeedContent(std::string_view& chunk);
  Status FeedAfterBoundary(std::string_view& chunk);
  Status FeedHeaders(std::string_view& chunk);
  Status BoundaryReached();
  Status EmitContent(std::string_view bytes);

  MultipartEvents& events_;
  const std::string delimiter_;  // "\r\n--" + boundary
  State state_ = State::kPreamble;
  // How much of the delimiter the last bytes fed have matched. They are emitted when the match
  // fails. A boundary may open the body without a line end before it: parsing starts as if one had
  // been seen.
  std::size_t matched_ = 2;
  std::string line_;  // what followed a boundary, or the headers so far
};

}  // namespace weir
