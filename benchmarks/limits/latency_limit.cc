// The open loop of workloads/open_loop.h through a keyBy between two processes, by hand: a sender
// sleeps until the next burst is due, hands on what is its own and sends the rest at once; a second
// thread takes what the other process sends and notes how long it was under way.
//   --records N --per-second N --warm-up N (records that are not timed)
#include <chrono>
#include <cstdlib>
#include <thread>

#include "benchmarks/limits/loopback.h"
#include "benchmarks/limits/record_codecs.h"
#include "benchmarks/limits/stopwatch.h"
#include "benchmarks/workloads/latency_histogram.h"

namespace benchmarks {
namespace {

struct Outcome {
  Digest digest;
  LatencyHistogram latencies;
};

void SleepUntil(std::int64_t time_ns) {
  std::this_thread::sleep_until(std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          std::chrono::nanoseconds(time_ns))));
}

void Produce(OpenLoopSchedule schedule, std::uint64_t self, int socket, Digest& own) {
  const nexmark::Generator generator;
  RecordSender<TimedBidCodec> sender(socket);
  TimedBid record;
  while (!schedule.done()) {
    const std::int64_t now_ns = NowNs();
    while (!schedule.done() && schedule.NextNs() <= now_ns) {
      schedule.Fill(generator, record);
      if (OwnerOf(record.bid.auction) == self) {
        own.Add(HashOf(record));
      } else {
        sender.Send(record);
      }
    }
    sender.Flush();
    if (!schedule.done()) SleepUntil(schedule.NextNs());
  }
  sender.Finish();
}

Outcome Run(std::int64_t records, std::int64_t per_second, std::int64_t warm_up) {
  const std::int64_t start_ns = NowNs() + 10'000'000;
  const auto outcomes =
      RunTwoProcesses<Outcome>([=](std::uint64_t self, int output, int input, Outcome& outcome) {
        Digest received;
        std::thread consumer([&] {
          ReceiveAll<TimedBidCodec>(input, [&](const TimedBid& record) {
            if (record.number >= warm_up) outcome.latencies.Record(NowNs() - record.intended_ns);
            received.Add(HashOf(record));
          });
        });
        const auto sender = static_cast<std::int64_t>(self);
        Produce(OpenLoopSchedule(start_ns, records, per_second, sender, 2), self, output,
                outcome.digest);
        consumer.join();
        outcome.digest.Add(received);
      });
  Outcome both = outcomes[0];
  both.digest.Add(outcomes[1].digest);
  both.latencies.Add(outcomes[1].latencies);
  return both;
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  nexmark::TextTables::Get();
  const Stopwatch stopwatch;
  const Outcome outcome = Run(records, std::atoll(Argument(argc, argv, "--per-second")),
                              std::atoll(Argument(argc, argv, "--warm-up")));
  stopwatch.Print(outcome.digest, records, &outcome.latencies);
  return 0;
}
