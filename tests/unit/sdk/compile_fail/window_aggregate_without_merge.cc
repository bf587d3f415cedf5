// expect error: Aggregate: session windows merge and the function needs void Merge(A&
#include <weir/api.h>

struct Count {
  std::int64_t CreateAccumulator() const { return 0; }
  void Add(const std::int64_t&, std::int64_t& count) const { ++count; }
  std::int64_t GetResult(const std::int64_t& count) const { return count; }
};

void Build(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 3)
      .KeyBy([](const std::int64_t& number) { return number; })
      .Window(weir::EventTimeSessionWindows::WithGap(10))
      .Aggregate(Count());
}
