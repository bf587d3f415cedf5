// Only in builds with ThreadSanitizer. Debian's librdkafka makes its threads and locks with the C11
// functions of glibc, which GCC 12's libtsan does not intercept: a thread that it has not seen
// start crashes in the first function that it does intercept, and every lock of librdkafka would be
// invisible. These definitions in the executable win over glibc's and do what glibc's do (thrd_t is
// pthread_t; mtx_t and cnd_t hold a pthread_mutex_t and a pthread_cond_t), by way of the pthread
// functions, which are intercepted.
#include <cerrno>
#include <cstdint>
#include <memory>

#include <pthread.h>
#include <threads.h>

namespace {

static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t) && sizeof(cnd_t) >= sizeof(pthread_cond_t));

pthread_mutex_t* Mutex(mtx_t* mutex) {
  return reinterpret_cast<pthread_mutex_t*>(mutex);
}
pthread_cond_t* Condition(cnd_t* condition) {
  return reinterpret_cast<pthread_cond_t*>(condition);
}

int Result(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case ENOMEM:
      return thrd_nomem;
    case ETIMEDOUT:
      return thrd_timedout;
    case EBUSY:
      return thrd_busy;
    default:
      return thrd_error;
  }
}

struct StartCall {
  thrd_start_t function;
  void* argument;
};

void* RunStartCall(void* opaque) {
  const std::unique_ptr<StartCall> call(static_cast<StartCall*>(opaque));
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(call->function(call->argument)));
}

}  // namespace

#define WEIR_EXPORT_C extern "C" __attribute__((visibility("default")))

WEIR_EXPORT_C int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  auto call = std::make_unique<StartCall>(StartCall{function, argument});
  const int error = pthread_create(thread, nullptr, &RunStartCall, call.get());
  if (error == 0) (void)call.release();  // the thread has it
  return Result(error);
}

WEIR_EXPORT_C int thrd_join(thrd_t thread, int* result) {
  void* value = nullptr;
  const int error = pthread_join(thread, &value);
  if (error == 0 && result != nullptr) {
    *result = static_cast<int>(reinterpret_cast<std::intptr_t>(value));
  }
  return Result(error);
}

WEIR_EXPORT_C int thrd_detach(thrd_t thread) {
  return Result(pthread_detach(thread));
}

WEIR_EXPORT_C int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int error = pthread_mutex_init(Mutex(mutex), &attributes);
  pthread_mutexattr_destroy(&attributes);
  return Result(error);
}
WEIR_EXPORT_C void mtx_destroy(mtx_t* mutex) {
  pthread_mutex_destroy(Mutex(mutex));
}
WEIR_EXPORT_C int mtx_lock(mtx_t* mutex) {
  return Result(pthread_mutex_lock(Mutex(mutex)));
}
WEIR_EXPORT_C int mtx_trylock(mtx_t* mutex) {
  return Result(pthread_mutex_trylock(Mutex(mutex)));
}
WEIR_EXPORT_C int mtx_unlock(mtx_t* mutex) {
  return Result(pthread_mutex_unlock(Mutex(mutex)));
}

WEIR_EXPORT_C int cnd_init(cnd_t* condition) {
  return Result(pthread_cond_init(Condition(condition), nullptr));
}
WEIR_EXPORT_C void cnd_destroy(cnd_t* condition) {
  pthread_cond_destroy(Condition(condition));
}
WEIR_EXPORT_C int cnd_signal(cnd_t* condition) {
  return Result(pthread_cond_signal(Condition(condition)));
}
WEIR_EXPORT_C int cnd_broadcast(cnd_t* condition) {
  return Result(pthread_cond_broadcast(Condition(condition)));
}
WEIR_EXPORT_C int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return Result(pthread_cond_wait(Condition(condition), Mutex(mutex)));
}
WEIR_EXPORT_C int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* deadline) {
  return Result(pthread_cond_timedwait(Condition(condition), Mutex(mutex), deadline));
}
