#include "taskmanager/task/thread_pool.h"

#include <system_error>

#include "taskmanager/task/signal_stack.h"

namespace weir::task {

ThreadPool::~ThreadPool() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  given_.SignalAll();
  for (std::thread& thread : threads) thread.join();
}

Status ThreadPool::Run(std::function<void()> work) {
  MutexLock lock(mutex_);
  // Idle threads that are already meant for work that was given, but not taken yet, do not count.
  if (idle_ <= work_.size()) {
    try {
      threads_.emplace_back([this] { Serve(); });
    } catch (const std::system_error& error) {
      return Status(StatusCode::kResourceExhausted,
                    std::string("cannot start a thread: ") + error.what(), ErrorDomain::kExternal);
    }
  }
  work_.push_back(std::move(work));
  given_.SignalOne();
  return Status::Ok();
}

std::size_t ThreadPool::thread_count() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

void ThreadPool::Serve() {
  const SignalStack signal_stack;
  for (;;) {
    std::function<void()> work;
    {
      MutexLock lock(mutex_);
      ++idle_;
      while (work_.empty() && !stopping_) given_.Wait(mutex_);
      --idle_;
      if (work_.empty()) return;
      work = std::move(work_.front());
      work_.pop_front();
    }
    work();
  }
}

}  // namespace weir::task
