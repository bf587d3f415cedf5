// What is no number goes to side outputs of other types.
#include <cstdint>
#include <string>

#include "tests/jobs/golden_job.h"

namespace weir::golden::side_outputs {
namespace {

struct Text {
  std::string text;
  std::uint64_t length = 0;
};
WEIR_FIELDS(Text, text, length)

const OutputTag<Text> kText{"text"};
const OutputTag<bool> kEmpty{"empty"};

struct Sort {
  std::vector<std::string> SideOutputs() const { return {"text", "empty"}; }
  void ProcessElement(const std::string& line, ProcessContext& context,
                      Collector<std::int64_t>& out) {
    if (line == "-") return context.Output(kEmpty, true);
    if (line.find_first_not_of("0123456789") == std::string::npos) {
      out.Collect(std::stoll(line));
    } else {
      context.Output(kText, Text{line, line.size()});
    }
  }
};

void SideOutputs(GoldenJob& golden) {
  const auto numbers = golden.Lines().Rebalance().Process(Sort());
  const auto texts = numbers.GetSideOutput(kText).Map(
      [](const Text& text) { return "text " + text.text + " " + std::to_string(text.length); });
  const auto empty = numbers.GetSideOutput(kEmpty).Map([](bool) { return std::string("empty"); });
  golden.Expect(numbers.Map([](std::int64_t number) { return "number " + std::to_string(number); })
                    .Union(texts, empty));
}

}  // namespace

GOLDEN_JOB(SideOutputs)

}  // namespace weir::golden::side_outputs
