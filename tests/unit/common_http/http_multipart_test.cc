#include "common/http_multipart.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weir {
namespace {

struct Part {
  MultipartPartHead head;
  std::string data;
  bool ended = false;
};

class Recorder final : public MultipartEvents {
 public:
  Status OnPartBegin(const MultipartPartHead& head) override {
    EXPECT_TRUE(parts.empty() || parts.back().ended) << "a part began inside another";
    parts.push_back({head, "", false});
    return Status::Ok();
  }
  Status OnPartData(std::string_view bytes) override {
    EXPECT_TRUE(!parts.empty() && !parts.back().ended) << "data outside of a part";
    if (parts.empty()) return Status::Internal("no part");
    parts.back().data.append(bytes);
    return data_status;
  }
  Status OnPartEnd() override {
    if (parts.empty()) return Status::Internal("no part");
    parts.back().ended = true;
    return Status::Ok();
  }

  std::vector<Part> parts;
  Status data_status;
};

constexpr std::string_view kBoundary = "xYzZY";

// Content with everything that looks like a boundary and is none.
const std::string& TrickyContent() {
  static const std::string content =
      std::string("\r\n--xYzZ\r\r\n--xYz\r\n\r\n-\r\n--\r") + std::string("\0\xff\r", 3) + "\n";
  return content;
}

std::string TwoParts() {
  return "ignored preamble\r\n--xYzZY \t\r\n"
         "Content-Disposition: form-data; name=\"jarfile\"; filename=\"my job.so\"\r\n"
         "Content-Type: application/x-java-archive\r\n\r\n" +
         TrickyContent() +
         "\r\n--xYzZY\r\n"
         "content-disposition: FORM-DATA; name=comment\r\n\r\n"
         "\r\n--xYzZY--\r\nignored epilogue";
}

Status ParseInPieces(std::string_view text, const std::vector<std::size_t>& cuts,
                     MultipartEvents& events) {
  MultipartParser parser(kBoundary, events);
  std::size_t begin = 0;
  for (std::size_t cut : cuts) {
    WEIR_RETURN_IF_ERROR(parser.Feed(text.substr(begin, cut - begin)));
    begin = cut;
  }
  WEIR_RETURN_IF_ERROR(parser.Feed(text.substr(begin)));
  return parser.Finish();
}

void ExpectTwoParts(const Recorder& recorder) {
  ASSERT_EQ(recorder.parts.size(), 2u);
  EXPECT_EQ(recorder.parts[0].head.name, "jarfile");
  EXPECT_TRUE(recorder.parts[0].head.has_file_name);
  EXPECT_EQ(recorder.parts[0].head.file_name, "my job.so");
  EXPECT_EQ(recorder.parts[0].head.content_type, "application/x-java-archive");
  EXPECT_EQ(recorder.parts[0].data, TrickyContent());
  EXPECT_TRUE(recorder.parts[0].ended);
  EXPECT_EQ(recorder.parts[1].head.name, "comment");
  EXPECT_FALSE(recorder.parts[1].head.has_file_name);
  EXPECT_EQ(recorder.parts[1].data, "");
  EXPECT_TRUE(recorder.parts[1].ended);
}

TEST(MultipartParserTest, FindsThePartsOfABodyInOnePiece) {
  Recorder recorder;
  ASSERT_TRUE(ParseInPieces(TwoParts(), {}, recorder).ok());
  ExpectTwoParts(recorder);
}

TEST(MultipartParserTest, FindsTheSamePartsWhereverTheBodyIsCut) {
  const std::string text = TwoParts();
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Recorder recorder;
    ASSERT_TRUE(ParseInPieces(text, {cut}, recorder).ok()) << "cut at " << cut;
    ExpectTwoParts(recorder);
    if (HasFailure()) FAIL() << "cut at " << cut;
  }
}

TEST(MultipartParserTest, FindsTheSamePartsByteByByte) {
  const std::string text = TwoParts();
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < text.size(); ++i) cuts.push_back(i);
  Recorder recorder;
  ASSERT_TRUE(ParseInPieces(text, cuts, recorder).ok());
  ExpectTwoParts(recorder);
}

TEST(MultipartParserTest, RejectsABodyCutOffAnywhere) {
  const std::string text = TwoParts();
  const std::size_t end = text.find("--xYzZY--") + 9;
  for (std::size_t size = 0; size < end; ++size) {
    Recorder recorder;
    Status status = ParseInPieces(text.substr(0, size), {}, recorder);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << "cut off after " << size;
  }
}

TEST(MultipartParserTest, TakesABoundaryAtTheVeryStart) {
  Recorder recorder;
  ASSERT_TRUE(
      ParseInPieces("--xYzZY\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--xYzZY--", {},
                    recorder)
          .ok());
  ASSERT_EQ(recorder.parts.size(), 1u);
  EXPECT_EQ(recorder.parts[0].data, "b");
}

TEST(MultipartParserTest, TakesAFormWithoutParts) {
  Recorder recorder;
  EXPECT_TRUE(ParseInPieces("--xYzZY--\r\n", {}, recorder).ok());
  EXPECT_TRUE(recorder.parts.empty());
}

TEST(MultipartParserTest, ReadsEscapedNames) {
  Recorder recorder;
  ASSERT_TRUE(
      ParseInPieces("--xYzZY\r\nContent-Disposition: form-data; filename=\"a\\\"b;c\\\\d\" ; "
                    "name=\"x\"\r\n\r\n\r\n--xYzZY--",
                    {}, recorder)
          .ok());
  ASSERT_EQ(recorder.parts.size(), 1u);
  EXPECT_EQ(recorder.parts[0].head.file_name, "a\"b;c\\d");
  EXPECT_EQ(recorder.parts[0].head.name, "x");
}

TEST(MultipartParserTest, RejectsMalformedBodies) {
  const std::string long_header(MultipartParser::kMaxHeaderBytes + 1, 'a');
  for (const std::string& text : {
           std::string("--xYzZYfoo\r\n\r\n--xYzZY--"),               // text after the boundary
           std::string("--xYzZY\r\n\r\nno headers\r\n--xYzZY--"),    // no Content-Disposition
           std::string("--xYzZY\r\nnonsense\r\n\r\n\r\n--xYzZY--"),  // a header without colon
           std::string("--xYzZY\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--xYzZY--"),
           std::string("--xYzZY\r\nContent-Disposition: form-data\r\n\r\n\r\n--xYzZY--"),
           "--xYzZY\r\nA: " + long_header + "\r\n\r\n\r\n--xYzZY--",
           "--xYzZY" + std::string(100, ' ') + "\r\nA: b\r\n\r\n--xYzZY--",
       }) {
    Recorder recorder;
    EXPECT_EQ(ParseInPieces(text, {}, recorder).code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(MultipartParserTest, HandsOnTheErrorOfTheReceiver) {
  Recorder recorder;
  recorder.data_status = Status::IoError("disk full");
  EXPECT_EQ(ParseInPieces(TwoParts(), {}, recorder), Status::IoError("disk full"));
}

TEST(MultipartParserTest, SurvivesRandomInput) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> pieces = {
      "\r",    "\n",      "\r\n",        "--",
      "xYzZY", "--xYzZY", "\r\n--xYzZY", "\r\n\r\n",
      ":",     ";",       "=",           "\"",
      "\\",    "name",    "filename",    "Content-Disposition: form-data; name=a\r\n",
      "a",     " "};
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? "" : "--xYzZY\r\nContent-Disposition: form-data; ";
    for (int n = static_cast<int>(random() % 30); n > 0; --n)
      text += pieces[random() % pieces.size()];
    Recorder whole;
    Status expected = ParseInPieces(text, {}, whole);
    Recorder cut;
    Status status = ParseInPieces(text, {random() % (text.size() + 1)}, cut);
    ASSERT_EQ(status, expected) << testing::PrintToString(text);
    if (!status.ok()) continue;
    ASSERT_EQ(cut.parts.size(), whole.parts.size()) << testing::PrintToString(text);
    for (std::size_t i = 0; i < cut.parts.size(); ++i) {
      ASSERT_EQ(cut.parts[i].data, whole.parts[i].data) << testing::PrintToString(text);
    }
  }
}

TEST(MultipartParserTest, GivesBackRandomContent) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string alphabet = "\r\n-xYzZ";
  for (int round = 0; round < 5'000; ++round) {
    std::string content;
    for (int n = static_cast<int>(random() % 60); n > 0; --n) content += alphabet[random() % 7];
    if (("\r\n" + content).find("\r\n--xYzZY") != std::string::npos) continue;
    std::string text =
        "--xYzZY\r\nContent-Disposition: form-data; name=a\r\n\r\n" + content + "\r\n--xYzZY--";
    Recorder recorder;
    std::size_t first = random() % (text.size() + 1);
    ASSERT_TRUE(
        ParseInPieces(text, {first, first + random() % (text.size() - first + 1)}, recorder).ok());
    ASSERT_EQ(recorder.parts.size(), 1u);
    ASSERT_EQ(recorder.parts[0].data, content);
  }
}

TEST(ParseMultipartBoundaryTest, ReadsTokensAndQuotedStrings) {
  EXPECT_EQ(*ParseMultipartBoundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(*ParseMultipartBoundary("Multipart/Form-Data ; charset=x; BOUNDARY=\"a b\" ; y=z"),
            "a b");
}

TEST(ParseMultipartBoundaryTest, RejectsEverythingElse) {
  for (const std::string& text :
       {std::string(""), std::string("application/json"), std::string("multipart/form-data"),
        std::string("multipart/form-data; boundary="), std::string("multipart/mixed; boundary=a"),
        "multipart/form-data; boundary=" + std::string(71, 'a'),
        std::string("multipart/form-data; boundary=\"a\rb\"")}) {
    EXPECT_EQ(ParseMultipartBoundary(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace weir
