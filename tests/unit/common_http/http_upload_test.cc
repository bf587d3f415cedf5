// Uploads, from the client's disk to the server's spool directory.
#include <filesystem>
#include <fstream>
#include <future>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/file_system.h"
#include "common/process_statistics.h"
#include "tests/sanitizers/instrumented.h"
#include "tests/unit/common_http/http_server_fixture.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint64_t kMiB = 1 << 20;

#if WEIR_TEST_ADDRESS_SANITIZER
constexpr bool kFreedMemoryIsKept = true;
#else
constexpr bool kFreedMemoryIsKept = false;
#endif

class HttpUploadTest : public testing::Test {
 protected:
  void StartServer(std::uint64_t limit_bytes) {
    handler_.policy = {.kind = HttpBodyPolicy::Kind::kMultipart,
                       .limit_bytes = limit_bytes,
                       .spool_directory = spool_->path()};
    server_ = std::make_unique<HttpServer>(HttpServerOptions{}, handler_);
    ASSERT_TRUE(server_->Start().ok());
  }

  HttpClient Client() {
    return HttpClient({"127.0.0.1", static_cast<std::uint16_t>(server_->port())});
  }

  // A sparse file, so that the test itself does not fill memory or disk.
  std::string SparseFile(std::uint64_t size_bytes) {
    std::string path = files_->path() + "/sparse";
    std::ofstream(path).close();
    std::filesystem::resize_file(path, size_bytes);
    return path;
  }

  bool SpoolEmpty() const { return std::filesystem::is_empty(spool_->path()); }

  Result<TemporaryDirectory> spool_ = TemporaryDirectory::Create();
  Result<TemporaryDirectory> files_ = TemporaryDirectory::Create();
  ScriptedHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpUploadTest, ArrivesInAFileUnchanged) {
  std::string content = "\r\n--weir-\r\n--weir-5b1f0c9e7d3a4826b0f2d6c8e4a7193";
  for (unsigned i = 0; i < 300'000; ++i) content += static_cast<char>(i * i % 251);
  std::string path = files_->path() + "/job.so";
  ASSERT_TRUE(LocalFileSystem().WriteFileAtomically(path, content, FileDurability::kNone).ok());
  std::promise<HttpRequest> seen;
  handler_.handle = [&](HttpRequest request, HttpResponder responder) {
    responder.Respond({.status = 200});
    seen.set_value(std::move(request));
  };
  StartServer(kMiB);
  Result<HttpAnswer> answer = Client().Upload("/upload", "jarfile", "my \"job\".so", path);
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  ASSERT_EQ(answer->status, 200) << answer->body;
  {
    HttpRequest request = seen.get_future().get();
    ASSERT_EQ(request.files.size(), 1u);
    EXPECT_EQ(request.files[0].field, "jarfile");
    EXPECT_EQ(request.files[0].file_name, "my \"job\".so");
    EXPECT_EQ(request.files[0].file.size_bytes(), content.size());
    EXPECT_EQ(*LocalFileSystem().ReadFile(request.files[0].file.path()), content);
  }
  EXPECT_TRUE(SpoolEmpty()) << "nobody took the file over";
}

TEST_F(HttpUploadTest, IsRefusedBeforeTheTransferWhenItIsAnnouncedTooLong) {
  StartServer(kMiB);
  Result<HttpAnswer> answer = Client().Upload("/upload", "jarfile", "a", SparseFile(2 * kMiB));
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 413);
  EXPECT_THAT(answer->body, HasSubstr("at most 1048576 are allowed"));
  EXPECT_TRUE(SpoolEmpty());
}

// A client that neither announces the length nor waits: the server stops at its limit, answers and
// closes.
TEST_F(HttpUploadTest, IsCutOffAtTheLimitWithoutGrowingTheServer) {
  if (kFreedMemoryIsKept) GTEST_SKIP() << "AddressSanitizer keeps freed memory";
  StartServer(8 * kMiB);
  Result<std::int64_t> before = ReadResidentBytes(::getpid());
  ASSERT_TRUE(before.ok());
  RawConnection connection(server_->port());
  connection.Send(
      "POST /upload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
      "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
      "48\r\n--b\r\nContent-Disposition: form-data; name=\"jarfile\"; "
      "filename=\"a.so\"\r\n\r\n\r\n");
  const std::string chunk = "100000\r\n" + std::string(kMiB, 'x') + "\r\n";
  int sent = 0;
  while (sent < 1024 && connection.Send(chunk)) ++sent;
  EXPECT_LT(sent, 128) << "the server went on reading";
  EXPECT_THAT(connection.ReadToEnd(), StartsWith("HTTP/1.1 413 "));
  Result<std::int64_t> after = ReadResidentBytes(::getpid());
  ASSERT_TRUE(after.ok());
  EXPECT_LT(*after - *before, static_cast<std::int64_t>(8 * kMiB));
  EXPECT_TRUE(SpoolEmpty());
}

TEST_F(HttpUploadTest, OfManyMegabytesDoesNotSitInMemory) {
  if (kFreedMemoryIsKept) GTEST_SKIP() << "AddressSanitizer keeps freed memory";
  handler_.handle = [](HttpRequest request, HttpResponder responder) {
    responder.Respond({.body = std::to_string(request.files.at(0).file.size_bytes())});
  };
  StartServer(512 * kMiB);
  Result<std::int64_t> before = ReadResidentBytes(::getpid());
  Result<HttpAnswer> answer = Client().Upload("/upload", "jarfile", "a", SparseFile(128 * kMiB));
  Result<std::int64_t> after = ReadResidentBytes(::getpid());
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->body, std::to_string(128 * kMiB));
  EXPECT_LT(*after - *before, static_cast<std::int64_t>(16 * kMiB));
}

TEST_F(HttpUploadTest, LeavesNoFileWhenTheClientGoesAway) {
  StartServer(kMiB);
  {
    RawConnection connection(server_->port());
    connection.Send(
        "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n");
    EXPECT_THAT(connection.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
    connection.Send(
        "--b\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\"a.so\"\r\n\r\nxx");
    connection.ShutdownSend();
    EXPECT_EQ(connection.ReadToEnd(), "");
  }
  EXPECT_TRUE(SpoolEmpty());
}

TEST_F(HttpUploadTest, KeepsTextFieldsInMemoryWithinBounds) {
  handler_.handle = [](HttpRequest request, HttpResponder responder) {
    responder.Respond({.body = request.form["a"]});
  };
  StartServer(16 * kMiB);
  auto send = [&](const std::string& value) {
    RawConnection connection(server_->port());
    std::string body =
        "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n" + value + "\r\n--b--\r\n";
    connection.Send("POST /upload HTTP/1.1\r\nConnection: close\r\nContent-Length: " +
                    std::to_string(body.size()) +
                    "\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n" + body);
    return connection.ReadToEnd();
  };
  EXPECT_THAT(send("value"), testing::EndsWith("\r\n\r\nvalue"));
  EXPECT_THAT(send(std::string(2 * kMiB, 'x')), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpUploadTest, Answers500WhenTheSpoolDirectoryIsGone) {
  StartServer(kMiB);
  handler_.policy.spool_directory = spool_->path() + "/missing";
  Result<HttpAnswer> answer = Client().Upload("/upload", "jarfile", "a", SparseFile(10));
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 500);
}

TEST_F(HttpUploadTest, NamesTheFileThatTheClientCannotRead) {
  StartServer(kMiB);
  Result<HttpAnswer> missing = Client().Upload("/upload", "jarfile", "a", "/nowhere/job.so");
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(missing.status().message(), HasSubstr("/nowhere/job.so"));
  EXPECT_FALSE(Client().Upload("/upload", "jarfile", "a", files_->path()).ok());
}

}  // namespace
}  // namespace weir
