// The notes of two jobs, as WEIR_JOB writes them.
#include <weir/internal/plugin_note.h>

namespace {

[[gnu::used, gnu::section(".note.weir")]] alignas(4) constexpr auto kFirst =
    weir::internal::MakePluginNote(WEIR_PLUGIN_NOTE_TEXT_("first"));
[[gnu::used, gnu::section(".note.weir")]] alignas(4) constexpr auto kSecond =
    weir::internal::MakePluginNote(WEIR_PLUGIN_NOTE_TEXT_("second"));

}  // namespace
