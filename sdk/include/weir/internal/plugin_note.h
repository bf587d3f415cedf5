// The ELF note of a plugin: one per WEIR_JOB, all in section ".note.weir", name "Weir", type 1. The
// descriptor is text, lines of key=value:
//   abi=1
//   toolchain=gcc-12.2 libstdc++-12 cxx11-abi-1
//   cpu=x86-64
//   sdk=0.1.0
//   job=<the name>
// A reader takes the first four from any note (they agree) and the jobs from all. It must skip keys
// it does not know.
#pragma once

#include <cstddef>
#include <cstdint>

#include <weir/internal/plugin.h>
#include <weir/internal/toolchain.h>
#include <weir/version.h>

namespace weir::internal {

inline constexpr std::uint32_t kPluginNoteType = 1;

// An ELF note record (System V ABI): sizes, type, name, descriptor; both padded to four bytes.
template <std::size_t kTextSize>
struct PluginNote {
  std::uint32_t name_size = 5;
  std::uint32_t descriptor_size = kTextSize;
  std::uint32_t type = kPluginNoteType;
  char name[8] = {'W', 'e', 'i', 'r'};
  char descriptor[(kTextSize + 3) / 4 * 4] = {};
};

// `text`: a string literal; its terminating zero is left out.
template <std::size_t kSize>
constexpr PluginNote<kSize - 1> MakePluginNote(const char (&text)[kSize]) {
  PluginNote<kSize - 1> note;
  for (std::size_t i = 0; i + 1 < kSize; ++i) note.descriptor[i] = text[i];
  return note;
}

#define WEIR_PLUGIN_NOTE_TEXT_(job_name)                                                      \
  "abi=" WEIR_LITERAL_(WEIR_ABI_NUMBER) "\ntoolchain=" WEIR_TOOLCHAIN "\ncpu=" WEIR_CPU_LEVEL \
                                        "\nsdk=" WEIR_VERSION "\njob=" job_name "\n"

}  // namespace weir::internal
