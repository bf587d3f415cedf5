// expect error: Process: accepted is void OnTimer(std::int64_t timestamp_ms
#include <string>

#include <weir/api.h>

struct Remind {
  void ProcessElement(const std::int64_t&, weir::KeyedProcessContext<std::int64_t>&,
                      weir::Collector<std::int64_t>&) {}
  void OnTimer(std::int64_t, weir::OnTimerContext<std::string>&, weir::Collector<std::int64_t>&) {}
};
void Job(weir::StreamExecutionEnvironment& env) {
  env.FromSequence(1, 9).KeyBy([](const std::int64_t& i) { return i; }).Process(Remind());
}
