// Only in builds with ThreadSanitizer. Debian's gRPC and Abseil are not instrumented, and their
// mutexes are futexes of their own: nothing that they hand from thread to thread looks ordered, and
// what gRPC's headers compile into our code, our reactors and our messages all seem to race. A
// suppression of such reports would hide our own mistakes in gRPC's threads as well. Instead the
// definitions here, in the executable, win over the libraries' own, call those, and tell the
// sanitizer what they order:
//   - a mutex of Abseil orders those who hold it (gRPC's own mutexes are such);
//   - an operation of a call is completed after it was started (grpc/grpc.h, tag by tag);
//   - a call is done after its last reaction.
// What the libraries themselves do to memory is left out of account (tests/sanitizers/thread.supp).
// Written for gRPC 1.51 and Abseil 20220623 of Debian 12. Where a later version no longer calls one
// of these functions, reports come back; where it no longer has one, the process says so and ends.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <absl/status/status.h>
#include <absl/synchronization/mutex.h>
#include <dlfcn.h>
#include <grpc/grpc.h>
#include <grpcpp/support/server_callback.h>
#include <sanitizer/tsan_interface.h>

// As gRPC's src/core/lib/surface/completion_queue.h declares it; that header is not installed.
// Every completion of an operation passes through it, before its callback runs.
struct grpc_cq_completion;
void grpc_cq_end_op(grpc_completion_queue* queue, void* tag, absl::Status error,
                    void (*done)(void* argument, grpc_cq_completion* storage), void* argument,
                    grpc_cq_completion* storage, bool internal);

namespace {

// The definition that the library itself has of the function that asks.
template <class Function>
Function* InLibrary(const char* mangled_name) {
  void* const found = dlsym(RTLD_NEXT, mangled_name);
  if (found == nullptr) {
    std::fprintf(stderr, "neither gRPC nor Abseil has %s: see %s\n", mangled_name, __FILE__);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

// How many reactions a call still waits for: private to gRPC, but its headers count in our code,
// seen by the sanitizer, and the library reads the end of it, unseen. An explicit instantiation may
// name a private member ([temp.spec.general] in the standard).
std::atomic_int& Outstanding(grpc::internal::ServerCallbackCall& call);
template <auto Member>
struct OutstandingOf {
  friend std::atomic_int& Outstanding(grpc::internal::ServerCallbackCall& call) {
    return call.*Member;
  }
};
template struct OutstandingOf<&grpc::internal::ServerCallbackCall::callbacks_outstanding_>;

}  // namespace

// ---- Operations of a call

extern "C" grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* operations,
                                                 size_t count, void* tag, void* reserved) {
  static auto* const library = InLibrary<decltype(grpc_call_start_batch)>("grpc_call_start_batch");
  __tsan_release(tag);
  return library(call, operations, count, tag, reserved);
}

void grpc_cq_end_op(grpc_completion_queue* queue, void* tag, absl::Status error,
                    void (*done)(void* argument, grpc_cq_completion* storage), void* argument,
                    grpc_cq_completion* storage, bool internal) {
  static auto* const library = InLibrary<decltype(grpc_cq_end_op)>(
      "_Z14grpc_cq_end_opP21grpc_completion_queuePvN4absl7debian36StatusEPFvS1_P18grpc_cq_"
      "completionES1_S6_b");
  __tsan_acquire(tag);
  __tsan_release(tag);
  library(queue, tag, std::move(error), done, argument, storage, internal);
}

extern "C" grpc_event grpc_completion_queue_next(grpc_completion_queue* queue,
                                                 gpr_timespec deadline, void* reserved) {
  static auto* const library =
      InLibrary<decltype(grpc_completion_queue_next)>("grpc_completion_queue_next");
  const grpc_event event = library(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

extern "C" grpc_event grpc_completion_queue_pluck(grpc_completion_queue* queue, void* tag,
                                                  gpr_timespec deadline, void* reserved) {
  static auto* const library =
      InLibrary<decltype(grpc_completion_queue_pluck)>("grpc_completion_queue_pluck");
  const grpc_event event = library(queue, tag, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(tag);
  return event;
}

void grpc::internal::ServerCallbackCall::ScheduleOnDone(bool inline_ondone) {
  static auto* const library = InLibrary<void(ServerCallbackCall*, bool)>(
      "_ZN4grpc8internal18ServerCallbackCall14ScheduleOnDoneEb");
  __tsan_acquire(&Outstanding(*this));
  library(this, inline_ondone);
}

// ---- Mutexes

void absl::Mutex::Lock() {
  static auto* const library = InLibrary<void(Mutex*)>("_ZN4absl7debian35Mutex4LockEv");
  library(this);
  __tsan_acquire(this);
}

bool absl::Mutex::TryLock() {
  static auto* const library = InLibrary<bool(Mutex*)>("_ZN4absl7debian35Mutex7TryLockEv");
  const bool locked = library(this);
  if (locked) __tsan_acquire(this);
  return locked;
}

void absl::Mutex::Unlock() {
  static auto* const library = InLibrary<void(Mutex*)>("_ZN4absl7debian35Mutex6UnlockEv");
  __tsan_release(this);
  library(this);
}

void absl::CondVar::Wait(Mutex* mutex) {
  static auto* const library =
      InLibrary<void(CondVar*, Mutex*)>("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE");
  __tsan_release(mutex);
  library(this, mutex);
  __tsan_acquire(mutex);
}

bool absl::CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static auto* const library = InLibrary<bool(CondVar*, Mutex*, Duration)>(
      "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  __tsan_release(mutex);
  const bool timed_out = library(this, mutex, timeout);
  __tsan_acquire(mutex);
  return timed_out;
}

bool absl::CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static auto* const library = InLibrary<bool(CondVar*, Mutex*, Time)>(
      "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  __tsan_release(mutex);
  const bool timed_out = library(this, mutex, deadline);
  __tsan_acquire(mutex);
  return timed_out;
}
