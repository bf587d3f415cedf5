// The notes of two jobs, as WEIR_JOB writes them (weir/job_plugin.h: WEIR_IN_ORDER_).
#include <weir/internal/plugin_note.h>

#ifdef __clang__
#define IN_ORDER [[clang::no_sanitize("address")]]
#else
#define IN_ORDER [[gnu::no_reorder]]
#endif

namespace {

IN_ORDER alignas(4) [[gnu::used, gnu::section(".note.weir")]] constexpr auto kFirst =
    weir::internal::MakePluginNote(WEIR_PLUGIN_NOTE_TEXT_("first"));
IN_ORDER alignas(4) [[gnu::used, gnu::section(".note.weir")]] constexpr auto kSecond =
    weir::internal::MakePluginNote(WEIR_PLUGIN_NOTE_TEXT_("second"));

}  // namespace
