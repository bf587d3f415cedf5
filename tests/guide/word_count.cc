// The job of docs/guide/first-job.md, as its reader writes it. The parts between brackets are shown
// there; a check of the repository compares them.
// [word-count]
#include <cstdint>
#include <sstream>
#include <string>

#include <weir/api.h>

struct WordWithCount {
  std::string word;
  std::int64_t count = 0;
};
WEIR_FIELDS(WordWithCount, word, count)

void WordCount(weir::StreamExecutionEnvironment& env) {
  const std::string text = env.arguments().empty() ? "to be or not to be" : env.arguments()[0];
  env.FromData<std::string>({text})
      .FlatMap([](const std::string& line, weir::Collector<WordWithCount>& out) {
        std::istringstream words(line);
        for (std::string word; words >> word;) out.Collect({word, 1});
      })
      .KeyBy([](const WordWithCount& each) { return each.word; })
      .Reduce([](WordWithCount& sum, const WordWithCount& each) { sum.count += each.count; })
      .Uid("counts")
      .Map([](const WordWithCount& each) { return each.word + " " + std::to_string(each.count); })
      .Print();
}
WEIR_JOB("word-count", WordCount)
// [/word-count]
