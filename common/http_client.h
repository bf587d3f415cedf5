// HttpClient: HTTP/1.1 requests, one after the other, for programs that wait for the answer (the
// CLI, tests).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <weir/status.h>

#include "common/socket_address.h"

namespace weir {

struct HttpClientOptions {
  std::int64_t connect_timeout_ms = 5'000;
  // From the request's last byte to the answer's last; and for every step of sending.
  std::int64_t answer_timeout_ms = 60'000;
  std::uint64_t answer_limit_bytes = 64 << 20;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// Holds no connection between requests. For one thread at a time.
//
// A Result is ok whenever the server answered, whatever the HTTP status. Otherwise the error names
// host and port: kUnavailable when nobody listens there or the connection broke, kTimedOut,
// kCorruption for an answer that is not HTTP.
class HttpClient {
 public:
  explicit HttpClient(SocketAddress server, HttpClientOptions options = {});

  const SocketAddress& server() const { return server_; }

  // `target` is "/path?query", already percent-encoded.
  Result<HttpAnswer> Get(std::string_view target);
  Result<HttpAnswer> Post(std::string_view target, std::string_view json);
  Result<HttpAnswer> Patch(std::string_view target, std::string_view json = "");
  Result<HttpAnswer> Delete(std::string_view target);

  // POST of one file as multipart/form-data, read from the disk while it is sent. Asks first
  // (Expect: 100-continue), so that a refusal (413) costs no transfer. `file_name` is what the
  // server is told.
  Result<HttpAnswer> Upload(std::string_view target, std::string_view field,
                            const std::string& file_name, const std::string& path);

 private:
  Result<HttpAnswer> Send(std::string_view method, std::string_view target, std::string_view body);

  const SocketAddress server_;
  const HttpClientOptions options_;
};

}  // namespace weir
