// Names for Clang's thread-safety attributes; with another compiler they are empty.
//
// The `clang` preset turns a broken promise into a compile error. The attributes and their meaning:
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#if defined(__clang__)
#define WEIR_THREAD_ATTRIBUTE_(x) __attribute__((x))
#else
#define WEIR_THREAD_ATTRIBUTE_(x)
#endif

// On a class: an object of it can be held, as a lock is.
#define WEIR_CAPABILITY(name) WEIR_THREAD_ATTRIBUTE_(capability(name))
// On a class: acquires in its constructor and releases in its destructor.
#define WEIR_SCOPED_CAPABILITY WEIR_THREAD_ATTRIBUTE_(scoped_lockable)
// On a field: touched only while the mutex is held (the second: what the pointer points to).
#define WEIR_GUARDED_BY(mutex) WEIR_THREAD_ATTRIBUTE_(guarded_by(mutex))
#define WEIR_PT_GUARDED_BY(mutex) WEIR_THREAD_ATTRIBUTE_(pt_guarded_by(mutex))
// On a function: the caller holds the mutex, or must not hold it.
#define WEIR_REQUIRES(...) WEIR_THREAD_ATTRIBUTE_(requires_capability(__VA_ARGS__))
#define WEIR_EXCLUDES(...) WEIR_THREAD_ATTRIBUTE_(locks_excluded(__VA_ARGS__))
// On a function: takes the mutex and keeps it, or gives it back.
#define WEIR_ACQUIRE(...) WEIR_THREAD_ATTRIBUTE_(acquire_capability(__VA_ARGS__))
#define WEIR_TRY_ACQUIRE(...) WEIR_THREAD_ATTRIBUTE_(try_acquire_capability(__VA_ARGS__))
#define WEIR_RELEASE(...) WEIR_THREAD_ATTRIBUTE_(release_capability(__VA_ARGS__))
// On a function: aborts unless the mutex is held, from which the analysis learns that it is.
#define WEIR_ASSERT_CAPABILITY(mutex) WEIR_THREAD_ATTRIBUTE_(assert_capability(mutex))
#define WEIR_RETURN_CAPABILITY(mutex) WEIR_THREAD_ATTRIBUTE_(lock_returned(mutex))
// On a function: not analysed. Say why beside it.
#define WEIR_NO_THREAD_SAFETY_ANALYSIS WEIR_THREAD_ATTRIBUTE_(no_thread_safety_analysis)
