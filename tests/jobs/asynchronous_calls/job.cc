// Functions that answer from other threads, in order and not, with none or several results.
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/jobs/golden_job.h"

namespace weir::golden::asynchronous_calls {
namespace {

// Answers on the threads of a pool of its own.
class Pool {
 public:
  Pool() : thread_([this](const std::stop_token& stop) { Run(stop); }) {}
  void Submit(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }

 private:
  void Run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !tasks_.empty(); })) {
      const std::function<void()> task = std::move(tasks_.back());  // the newest first
      tasks_.pop_back();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::function<void()>> tasks_;
  std::jthread thread_;  // ends first
};

struct Square {
  void Open(RuntimeContext&) { pool = std::make_shared<Pool>(); }
  void AsyncInvoke(const std::int64_t& number, ResultFuture<std::string> result) {
    pool->Submit([number, result] {
      result.Complete(std::to_string(number) + " squared " + std::to_string(number * number));
    });
  }
  std::shared_ptr<Pool> pool;
};
struct Repeat {
  void Open(RuntimeContext&) { pool = std::make_shared<Pool>(); }
  void AsyncInvoke(const std::int64_t& number, ResultFuture<std::string> result) {
    pool->Submit([number, result] {
      result.CompleteAll(std::vector<std::string>(static_cast<std::size_t>(number % 3),
                                                  std::to_string(number) + " times"));
    });
  }
  std::shared_ptr<Pool> pool;
};

void AsynchronousCalls(GoldenJob& golden) {
  const auto numbers = golden.Lines().Rebalance().Map(
      [](const std::string& line) -> std::int64_t { return std::stoll(line); });
  const auto squares = AsyncDataStream::OrderedWait(numbers, Square(), 0, 10).Uid("squares");
  const auto repeated = AsyncDataStream::UnorderedWait(numbers, Repeat(), 0, 3).Uid("repeated");
  golden.Expect(squares.Union(repeated));
}

}  // namespace

GOLDEN_JOB(AsynchronousCalls)

}  // namespace weir::golden::asynchronous_calls
