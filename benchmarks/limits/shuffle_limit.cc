// keyBy from two producers to two consumers in two processes, by hand: each process makes half of
// the records, keeps those whose key is its own and sends the others over loopback TCP in buffers
// of 32 KiB; a second thread takes what the other process sends.
//   --record long|bid --records N
#include <cstdlib>
#include <string_view>
#include <thread>

#include "benchmarks/limits/loopback.h"
#include "benchmarks/limits/record_codecs.h"
#include "benchmarks/limits/stopwatch.h"

namespace benchmarks {
namespace {

template <class Codec>
Digest Produce(std::uint64_t self, std::int64_t records, int socket) {
  Digest own;
  typename Codec::Record record{};
  const typename Codec::Maker maker;
  RecordSender<Codec> sender(socket);
  for (auto i = static_cast<std::int64_t>(self); i < records; i += 2) {
    maker.Fill(i, record);
    MakeComplete(record);
    if (OwnerOf(Codec::Key(record)) == self) {
      own.Add(HashOf(record));
    } else {
      sender.Send(record);
    }
  }
  sender.Finish();
  return own;
}

template <class Codec>
Digest Run(std::int64_t records) {
  const auto digests =
      RunTwoProcesses<Digest>([records](std::uint64_t self, int output, int input, Digest& result) {
        Digest received;
        std::thread consumer([&] {
          ReceiveAll<Codec>(input, [&](const auto& record) { received.Add(HashOf(record)); });
        });
        result = Produce<Codec>(self, records, output);
        consumer.join();
        result.Add(received);
      });
  Digest digest = digests[0];
  digest.Add(digests[1]);
  return digest;
}

}  // namespace
}  // namespace benchmarks

int main(int argc, char** argv) {
  using namespace benchmarks;
  const std::int64_t records = std::atoll(Argument(argc, argv, "--records"));
  const bool bids = std::string_view(Argument(argc, argv, "--record")) == "bid";
  // Each process makes its own table of texts, within its time, as two TaskManagers do: one made
  // before the fork would be shared by both, in the cache as well.
  const Stopwatch stopwatch;
  stopwatch.Print(bids ? Run<BidCodec>(records) : Run<LongCodec>(records), records);
  return 0;
}
