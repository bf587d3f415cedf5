// What must agree between a plugin and the worker that loads it, as string literals: objects of the
// standard library cross the seam. Compiler family and release, standard library, string ABI.
#pragma once

#include <string>  // defines the library's macros

#define WEIR_LITERAL_INNER_(x) #x
#define WEIR_LITERAL_(x) WEIR_LITERAL_INNER_(x)

#if defined(__clang__)
#define WEIR_COMPILER_ "clang-" WEIR_LITERAL_(__clang_major__)
#elif defined(__GNUC__)
#define WEIR_COMPILER_ "gcc-" WEIR_LITERAL_(__GNUC__) "." WEIR_LITERAL_(__GNUC_MINOR__)
#else
#error "Weir supports GCC and Clang"
#endif

#ifndef _GLIBCXX_RELEASE
#error "Weir supports libstdc++: a worker and its plugins share objects of it"
#endif
#ifdef _GLIBCXX_DEBUG
#define WEIR_LIBRARY_MODE_ " debug-mode"
#else
#define WEIR_LIBRARY_MODE_ ""
#endif

// A sanitized plugin needs a sanitized worker and the other way round.
#if defined(__has_feature)  // Clang's way to say so
#define WEIR_HAS_SANITIZER_(name) __has_feature(name)
#else
#define WEIR_HAS_SANITIZER_(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || WEIR_HAS_SANITIZER_(address_sanitizer)
#define WEIR_SANITIZER_ " address-sanitizer"
#elif defined(__SANITIZE_THREAD__) || WEIR_HAS_SANITIZER_(thread_sanitizer)
#define WEIR_SANITIZER_ " thread-sanitizer"
#else
#define WEIR_SANITIZER_ ""
#endif

#define WEIR_TOOLCHAIN                                                                      \
  WEIR_COMPILER_ " libstdc++-" WEIR_LITERAL_(_GLIBCXX_RELEASE) " cxx11-abi-" WEIR_LITERAL_( \
      _GLIBCXX_USE_CXX11_ABI) WEIR_LIBRARY_MODE_ WEIR_SANITIZER_

// The least processor that the code compiled here needs.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define WEIR_CPU_LEVEL "x86-64-v4"
#elif defined(__AVX2__) && defined(__BMI2__) && defined(__FMA__)
#define WEIR_CPU_LEVEL "x86-64-v3"
#elif defined(__SSE4_2__)
#define WEIR_CPU_LEVEL "x86-64-v2"
#elif defined(__x86_64__)
#define WEIR_CPU_LEVEL "x86-64"
#elif defined(__aarch64__)
#define WEIR_CPU_LEVEL "aarch64"
#else
#error "Weir knows x86-64 and aarch64"
#endif

namespace weir::internal {

// Of the translation unit that asks.
constexpr const char* Toolchain() {
  return WEIR_TOOLCHAIN;
}
constexpr const char* CpuLevel() {
  return WEIR_CPU_LEVEL;
}

}  // namespace weir::internal
