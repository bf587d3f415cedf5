#include "common/http_body.h"

#include <utility>

#include "common/http_multipart.h"

namespace weir {

namespace {

class MemorySink final : public HttpBodySink {
 public:
  Status Append(std::string_view chunk) override {
    body_.append(chunk);
    return Status::Ok();
  }
  Status Finish(HttpRequest& request) override {
    request.body = std::move(body_);
    return Status::Ok();
  }

 private:
  std::string body_;
};

class MultipartSink final : public HttpBodySink, private MultipartEvents {
 public:
  MultipartSink(std::string_view boundary, std::string spool_directory)
      : spool_directory_(std::move(spool_directory)), parser_(boundary, *this) {}

  Status Append(std::string_view chunk) override { return parser_.Feed(chunk); }

  Status Finish(HttpRequest& request) override {
    WEIR_RETURN_IF_ERROR(parser_.Finish());
    request.form = std::move(form_);
    request.files = std::move(files_);
    return Status::Ok();
  }

 private:
  static constexpr std::size_t kMaxParts = 64;

  Status OnPartBegin(const MultipartPartHead& head) override {
    if (++parts_ > kMaxParts) return Status::InvalidArgument("the form has too many parts");
    head_ = head;
    text_.clear();
    if (!head.has_file_name) return Status::Ok();
    WEIR_ASSIGN_OR_RETURN(HttpSpoolFile file, HttpSpoolFile::Create(spool_directory_));
    files_.push_back({head.name, head.file_name, std::move(file)});
    return Status::Ok();
  }

  Status OnPartData(std::string_view bytes) override {
    if (head_.has_file_name) return files_.back().file.Append(bytes);
    form_bytes_ += bytes.size();
    if (form_bytes_ > kMaxFormBytes) {
      return Status::InvalidArgument("the form's text fields are too long");
    }
    text_.append(bytes);
    return Status::Ok();
  }

  Status OnPartEnd() override {
    if (head_.has_file_name) {
      files_.back().file.Finish();
    } else {
      form_[head_.name] = std::move(text_);
    }
    return Status::Ok();
  }

  const std::string spool_directory_;
  MultipartParser parser_;
  MultipartPartHead head_;
  std::string text_;
  std::size_t parts_ = 0;
  std::size_t form_bytes_ = 0;
  std::map<std::string, std::string> form_;
  std::vector<HttpUploadedFile> files_;
};

}  // namespace

Result<std::unique_ptr<HttpBodySink>> MakeHttpBodySink(const HttpBodyPolicy& policy,
                                                       std::string_view content_type) {
  if (policy.kind == HttpBodyPolicy::Kind::kMemory) {
    return std::unique_ptr<HttpBodySink>(std::make_unique<MemorySink>());
  }
  WEIR_ASSIGN_OR_RETURN(std::string boundary, ParseMultipartBoundary(content_type));
  return std::unique_ptr<HttpBodySink>(
      std::make_unique<MultipartSink>(boundary, policy.spool_directory));
}

}  // namespace weir
