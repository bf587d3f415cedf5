// What a translation unit was compiled with, as far as it decides whether two of them may share C++
// objects.
#pragma once

#include <version>

#define WEIR_STRINGIZE_INNER_(value) #value
#define WEIR_STRINGIZE_(value) WEIR_STRINGIZE_INNER_(value)

#if defined(__clang__)
#define WEIR_TOOLCHAIN_COMPILER_ "clang-" WEIR_STRINGIZE_(__clang_major__)
#elif defined(__GNUC__)
#define WEIR_TOOLCHAIN_COMPILER_ "gcc-" WEIR_STRINGIZE_(__GNUC__)
#else
#error "Weir jobs are built with GCC or Clang"
#endif

#if defined(_LIBCPP_VERSION)
#define WEIR_TOOLCHAIN_LIBRARY_ " libc++"
#elif defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
#define WEIR_TOOLCHAIN_LIBRARY_ " libstdc++-cxx11"
#else
#define WEIR_TOOLCHAIN_LIBRARY_ " libstdc++"
#endif

// A sanitized plugin needs a sanitized worker and the other way round.
#if defined(__SANITIZE_ADDRESS__)
#define WEIR_TOOLCHAIN_SANITIZER_ " address-sanitizer"
#elif defined(__SANITIZE_THREAD__)
#define WEIR_TOOLCHAIN_SANITIZER_ " thread-sanitizer"
#else
#define WEIR_TOOLCHAIN_SANITIZER_ ""
#endif

namespace weir::internal {

// "gcc-12 libstdc++-cxx11": equal texts may share objects. PluginRecord::toolchain.
inline constexpr char kToolchain[] =
    WEIR_TOOLCHAIN_COMPILER_ WEIR_TOOLCHAIN_LIBRARY_ WEIR_TOOLCHAIN_SANITIZER_;

}  // namespace weir::internal
