#include "common/http_multipart.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace weir {

namespace {

constexpr std::size_t kMaxBoundaryBytes = 70;  // RFC 2046, section 5.1.1

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes a parameter's value from the front of `rest`: a token up to ';', or a quoted string.
std::string TakeParameterValue(std::string_view& rest) {
  std::string value;
  if (!rest.starts_with('"')) {
    std::string_view token = rest.substr(0, rest.find(';'));
    rest.remove_prefix(token.size());
    return std::string(Trimmed(token));
  }
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    // curl escapes quotes with a backslash; browsers send %22 and leave backslashes alone.
    bool escaped =
        rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
    if (escaped) ++i;
    value.push_back(rest[i]);
  }
  rest.remove_prefix(std::min(rest.size(), i + 1));
  return value;
}

// The value of parameter `name` in "type; a=1; b=\"2\"".
std::optional<std::string> FindParameter(std::string_view header, std::string_view name) {
  std::size_t semicolon = header.find(';');
  std::string_view rest =
      semicolon == std::string_view::npos ? std::string_view() : header.substr(semicolon);
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the ';'
    std::size_t end = rest.find_first_of("=;");
    std::string_view key = Trimmed(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end);
    if (rest.front() == ';') continue;
    rest.remove_prefix(1);
    while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
    std::string value = TakeParameterValue(rest);
    if (EqualsIgnoringCase(key, name)) return value;
    rest.remove_prefix(std::min(rest.size(), rest.find(';')));
  }
  return std::nullopt;
}

std::string_view MediaType(std::string_view header) {
  return Trimmed(header.substr(0, header.find(';')));
}

Result<MultipartPartHead> ParsePartHead(std::string_view headers) {
  MultipartPartHead head;
  bool named = false;
  while (!headers.empty()) {
    std::string_view line = headers.substr(0, headers.find("\r\n"));
    headers.remove_prefix(std::min(headers.size(), line.size() + 2));
    std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return Status::InvalidArgument("malformed multipart body: a part's header has no ':'");
    }
    std::string_view name = Trimmed(line.substr(0, colon));
    std::string_view value = Trimmed(line.substr(colon + 1));
    if (EqualsIgnoringCase(name, "content-type")) head.content_type = value;
    if (!EqualsIgnoringCase(name, "content-disposition")) continue;
    if (!EqualsIgnoringCase(MediaType(value), "form-data")) continue;
    if (auto field = FindParameter(value, "name")) {
      head.name = *std::move(field);
      named = true;
    }
    if (auto file_name = FindParameter(value, "filename")) {
      head.file_name = *std::move(file_name);
      head.has_file_name = true;
    }
  }
  if (!named) {
    return Status::InvalidArgument(
        "malformed multipart body: a part has no 'Content-Disposition: form-data; name=…'");
  }
  return head;
}

}  // namespace

Result<std::string> ParseMultipartBoundary(std::string_view content_type) {
  if (!EqualsIgnoringCase(MediaType(content_type), "multipart/form-data")) {
    return Status::InvalidArgument("the body must be multipart/form-data");
  }
  std::optional<std::string> boundary = FindParameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundaryBytes ||
      std::any_of(boundary->begin(), boundary->end(),
                  [](unsigned char c) { return c < 32 || c > 126; })) {
    return Status::InvalidArgument("multipart/form-data without a valid boundary");
  }
  return *std::move(boundary);
}

MultipartParser::MultipartParser(std::string_view boundary, MultipartEvents& events)
    : events_(events), delimiter_("\r\n--" + std::string(boundary)) {}

Status MultipartParser::Feed(std::string_view chunk) {
  while (!chunk.empty()) {
    switch (state_) {
      case State::kPreamble:
      case State::kData:
        WEIR_RETURN_IF_ERROR(FeedContent(chunk));
        break;
      case State::kAfterBoundary:
        WEIR_RETURN_IF_ERROR(FeedAfterBoundary(chunk));
        break;
      case State::kHeaders:
        WEIR_RETURN_IF_ERROR(FeedHeaders(chunk));
        break;
      case State::kEpilogue:
        return Status::Ok();
    }
  }
  return Status::Ok();
}

Status MultipartParser::Finish() const {
  if (state_ == State::kEpilogue) return Status::Ok();
  return Status::InvalidArgument("malformed multipart body: it ends before its closing boundary");
}

// A boundary holds no line end, so '\r' stands in the delimiter at its first place only: after a
// mismatch a new match can begin with the mismatching byte, never earlier.
Status MultipartParser::FeedContent(std::string_view& chunk) {
  while (!chunk.empty()) {
    if (matched_ == 0) {
      std::size_t carriage_return = std::min(chunk.find('\r'), chunk.size());
      WEIR_RETURN_IF_ERROR(EmitContent(chunk.substr(0, carriage_return)));
      chunk.remove_prefix(carriage_return);
      if (chunk.empty()) return Status::Ok();
    }
    if (chunk.front() == delimiter_[matched_]) {
      chunk.remove_prefix(1);
      if (++matched_ == delimiter_.size()) return BoundaryReached();
    } else {
      std::size_t matched = std::exchange(matched_, 0);
      WEIR_RETURN_IF_ERROR(EmitContent(std::string_view(delimiter_).substr(0, matched)));
    }
  }
  return Status::Ok();
}

Status MultipartParser::EmitContent(std::string_view bytes) {
  if (bytes.empty() || state_ == State::kPreamble) return Status::Ok();
  return events_.OnPartData(bytes);
}

Status MultipartParser::BoundaryReached() {
  State before = std::exchange(state_, State::kAfterBoundary);
  line_.clear();
  return before == State::kData ? events_.OnPartEnd() : Status::Ok();
}

Status MultipartParser::FeedAfterBoundary(std::string_view& chunk) {
  while (!chunk.empty()) {
    line_.push_back(chunk.front());
    chunk.remove_prefix(1);
    if (line_ == "--") {
      state_ = State::kEpilogue;
      return Status::Ok();
    }
    if (line_.ends_with("\r\n")) {
      if (!Trimmed(std::string_view(line_).substr(0, line_.size() - 2)).empty()) break;
      // The line end stays, so that a part without any header is seen as an empty line at once.
      line_ = "\r\n";
      state_ = State::kHeaders;
      return Status::Ok();
    }
    if (line_.size() > kMaxBoundaryBytes) break;
  }
  if (chunk.empty() && line_.size() <= kMaxBoundaryBytes && !line_.ends_with("\r\n")) {
    return Status::Ok();
  }
  return Status::InvalidArgument("malformed multipart body: text after a boundary");
}

Status MultipartParser::FeedHeaders(std::string_view& chunk) {
  while (!chunk.empty()) {
    line_.push_back(chunk.front());
    chunk.remove_prefix(1);
    if (line_.size() > kMaxHeaderBytes) {
      return Status::InvalidArgument("malformed multipart body: a part's headers are too long");
    }
    if (!line_.ends_with("\r\n\r\n")) continue;
    std::string_view headers(line_);
    headers.remove_prefix(2);
    headers.remove_suffix(std::min<std::size_t>(headers.size(), 2));
    WEIR_ASSIGN_OR_RETURN(MultipartPartHead head, ParsePartHead(headers));
    state_ = State::kData;
    matched_ = 0;
    return events_.OnPartBegin(head);
  }
  return Status::Ok();
}

}  // namespace weir
