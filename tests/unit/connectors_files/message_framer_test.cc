// Framing, whatever the pieces in which the bytes come.
#include "connectors/files/src/message_framer.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/test_seed.h"

namespace weir::files {
namespace {

using Found = MessageFramer::Found;
using Messages = std::vector<std::string>;

// The messages of `text`, whose bytes arrive in pieces of up to `piece`.
Result<Messages> Frame(const Framing& framing, std::string_view text, std::size_t piece,
                       std::size_t maximum = 1000) {
  MessageFramer framer(framing, maximum);
  Messages messages;
  std::size_t begin = 0;
  std::size_t end = 0;
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const Found found,
                          framer.Next(text.substr(begin, end - begin), end == text.size()));
    if (found == Found::kEnd) return messages;
    if (found == Found::kNeedMore) {
      end = std::min(text.size(), end + piece);
      continue;
    }
    messages.emplace_back(framer.message());
    begin += framer.consumed();
  }
}

constexpr Framing kLines{};
constexpr Framing kQuoted{.kind = Framing::Kind::kQuotedLines};
constexpr Framing kPrefixed{.kind = Framing::Kind::kLengthPrefix};

TEST(MessageFramer, CutsWhateverThePieces) {
  for (std::size_t piece = 1; piece < 40; ++piece) {
    EXPECT_EQ(*Frame(kLines, "a\n\r\n\"b\nc\"\r\nlast", piece),
              (Messages{"a", "", "\"b", "c\"", "last"}));
    EXPECT_EQ(*Frame(kQuoted, "a,\"b\n\"\"c\r\n\",d\r\n\"\"\n\n\"open\n", piece),
              (Messages{"a,\"b\n\"\"c\r\n\",d", "\"\"", "", "\"open\n"}));
    const std::string longer(200, 'x');
    EXPECT_EQ(*Frame(kPrefixed, std::string("\x01y\0\xc8\x01", 5) + longer, piece),
              (Messages{"y", "", longer}));
  }
}

// As the CSV reader sees it: elsewhere a quote is a character, and the row is refused by itself.
TEST(MessageFramer, OnlyAQuoteAtTheStartOfAFieldOpensOne) {
  for (std::size_t piece = 1; piece < 40; ++piece) {
    EXPECT_EQ(*Frame(kQuoted, "a,5\" pipe\nb,6\n\"c\"x\"\nd\n", piece),
              (Messages{"a,5\" pipe", "b,6", "\"c\"x\"", "d"}));
    EXPECT_EQ(*Frame(kQuoted, "\"\"\"a\n\"\"\",\"\"\n\"\"\"\"\n\"\"\"\n\"\n", piece),
              (Messages{"\"\"\"a\n\"\"\",\"\"", "\"\"\"\"", "\"\"\"\n\""}));
    EXPECT_EQ(*Frame(kQuoted, "\xef\xbb\xbf\"a\nb\",c\nd;\"e\nf\n", piece),
              (Messages{"\xef\xbb\xbf\"a\nb\",c", "d;\"e", "f"}));
    const Framing other{.kind = Framing::Kind::kQuotedLines, .quote = '\'', .delimiter = ';'};
    EXPECT_EQ(*Frame(other, "d;'e\nf'\na,'b\nc\n", piece), (Messages{"d;'e\nf'", "a,'b", "c"}));
  }
}

TEST(MessageFramer, LongMessagesAreRefusedBeforeTheyAreRead) {
  for (std::size_t piece : {1, 7, 1000}) {
    EXPECT_EQ(*Frame(kLines, "12345\n1234", piece, 5), (Messages{"12345", "1234"}));
    for (const Framing& framing : {kLines, kQuoted}) {
      EXPECT_EQ(Frame(framing, "123456\n", piece, 5).status().code(),
                StatusCode::kResourceExhausted);
      EXPECT_EQ(Frame(framing, "123456", piece, 5).status().code(), StatusCode::kResourceExhausted);
    }
    EXPECT_EQ(Frame(kPrefixed, "\xff\xff\xff\xff\x0f", piece).status().code(),
              StatusCode::kResourceExhausted);
  }
}

TEST(MessageFramer, PrefixedStreamsMustNotEndWithinAMessage) {
  for (std::size_t piece : {1, 7, 1000}) {
    EXPECT_EQ(Frame(kPrefixed, "\x05y", piece).status().code(), StatusCode::kCorruption);
    EXPECT_EQ(Frame(kPrefixed, "\x80", piece).status().code(), StatusCode::kCorruption);
    EXPECT_EQ(Frame(kPrefixed, std::string(11, '\x80'), piece).status().code(),
              StatusCode::kCorruption);
  }
}

TEST(MessageFramer, RandomBytesAreCutOrRefused) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (auto n = random() % 200; n > 0; --n) text += "\"\n\r\x01\x05\x80\xff,a"[random() % 9];
    for (const Framing& framing : {kLines, kQuoted, kPrefixed}) {
      const auto whole = Frame(framing, text, 1000);
      const auto pieces = Frame(framing, text, 1 + random() % 9);
      ASSERT_EQ(whole.status(), pieces.status());
      if (whole.ok()) {
        ASSERT_EQ(*whole, *pieces);
      }
    }
  }
}

}  // namespace
}  // namespace weir::files
