// A plugin that claims the right ABI where it is read without loading, and has another one inside:
// what a damaged build or a mixed-up header leads to. The worker must refuse it before it calls
// anything in it.
#include <cstdlib>

#include <weir/internal/plugin.h>
#include <weir/internal/plugin_note.h>
#include <weir/internal/toolchain.h>
#include <weir/version.h>

namespace {

[[gnu::used, gnu::section(".note.weir")]] alignas(4) constexpr auto kNote =
    weir::internal::MakePluginNote(WEIR_PLUGIN_NOTE_TEXT_("mismatch"));

weir::Result<std::unique_ptr<weir::internal::CompiledJob>> MustNotBeCalled(
    weir::internal::JobInputs&) {
  std::abort();
}

constexpr weir::internal::JobEntry kJobs[] = {{"mismatch", MustNotBeCalled}};

}  // namespace

extern "C" [[gnu::visibility("default")]] const weir::internal::PluginRecord* weir_plugin_record() {
  static const weir::internal::PluginRecord record = {
      weir::internal::kAbiNumber + 1, WEIR_TOOLCHAIN, WEIR_CPU_LEVEL, WEIR_VERSION, 1, kJobs};
  return &record;
}
