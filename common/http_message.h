// What travels through the HTTP server and client: requests, responses, uploaded files.
// Plain values; move them between threads as you like.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/http_spool_file.h"

namespace weir {

// One file part of a multipart/form-data body, already on disk.
struct HttpUploadedFile {
  std::string field;      // name of the form field
  std::string file_name;  // as the client sent it: never use it as a path
  HttpSpoolFile file;
};

struct HttpRequest {
  std::string
      method;  // in capitals; HEAD arrives as GET, the server leaves the body out of the answer
  std::string path;                            // percent-decoded, without the query
  std::map<std::string, std::string> query;    // decoded; of repeated names the last counts
  std::map<std::string, std::string> headers;  // names in lower case; repeated ones joined by ", "
  std::string body;                            // empty for multipart bodies
  std::map<std::string, std::string> form;     // text fields of a multipart body
  std::vector<HttpUploadedFile> files;         // file fields of a multipart body

  // The header's value, or "".
  std::string_view Header(const std::string& lower_case_name) const {
    auto found = headers.find(lower_case_name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json; charset=UTF-8";
  std::string body;
  std::map<std::string, std::string> headers;  // beside those the server writes itself
};

}  // namespace weir
