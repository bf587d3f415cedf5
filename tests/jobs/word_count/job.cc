// A running count of each word.
#include <cstdint>
#include <string>

#include "tests/jobs/golden_job.h"

namespace weir::golden::word_count {
namespace {

struct WordWithCount {
  std::string word;
  std::int64_t count = 0;
};
WEIR_FIELDS(WordWithCount, word, count)

void WordCount(GoldenJob& golden) {
  golden.Expect(
      golden.Lines()
          .FlatMap([](const std::string& line, Collector<WordWithCount>& out) {
            for (const std::string& word : Words(line)) out.Collect({word, 1});
          })
          .SetParallelism(1)
          .KeyBy([](const WordWithCount& each) { return each.word; })
          .Reduce([](WordWithCount& sum, const WordWithCount& each) { sum.count += each.count; })
          .Uid("counts")
          .Map([](const WordWithCount& each) {
            return each.word + " " + std::to_string(each.count);
          }),
      Order::kPerKey);
}

}  // namespace

GOLDEN_JOB(WordCount)

}  // namespace weir::golden::word_count
