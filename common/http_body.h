// Where the bytes of a request body go while they arrive: into memory, or, for forms, file by file
// onto the disk. Nothing here knows a socket.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <weir/status.h>

#include "common/http_message.h"

namespace weir {

// How a handler wants a body to be taken.
struct HttpBodyPolicy {
  enum class Kind {
    kMemory,     // into HttpRequest::body
    kMultipart,  // multipart/form-data: files into `spool_directory` and HttpRequest::files, the
                 // rest into form
  };
  Kind kind = Kind::kMemory;
  std::uint64_t limit_bytes = 1 << 20;  // of the whole body; more is answered with 413
  std::string spool_directory;          // must exist
  // Set: the request gets this answer, its body is not read and the connection ends.
  std::optional<HttpResponse> refusal;
};

// Takes one body, chunk by chunk. For one thread.
class HttpBodySink {
 public:
  // All text fields of a form together may be this long.
  static constexpr std::size_t kMaxFormBytes = 1 << 20;

  virtual ~HttpBodySink() = default;

  // kInvalidArgument is the client's fault (400); every other error is ours (500).
  virtual Status Append(std::string_view chunk) = 0;
  // The body is complete: moves it into `request`.
  virtual Status Finish(HttpRequest& request) = 0;
};

// kInvalidArgument when the policy asks for a form and the content type is something else.
Result<std::unique_ptr<HttpBodySink>> MakeHttpBodySink(const HttpBodyPolicy& policy,
                                                       std::string_view content_type);

}  // namespace weir
