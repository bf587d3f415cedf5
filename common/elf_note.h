// The ELF note of a plugin: what a `.so` says of itself, read without loading it.
//
// Loading a library runs its constructors, so neither the JobManager nor the TaskManager ever does.
// The SDK's WEIR_JOB puts a note named "Weir" of type 1 into the section `.note.weir`; its
// descriptor holds the ABI number and more (the SDK knows the layout). Format: System V ABI, "Note
// Section"; elf(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weir/status.h>

namespace weir {

// The descriptor's bytes; of several notes (there is one for each WEIR_JOB) those of all, one after
// the other. The file may hold anything: every offset and size in it is checked, and a
// file is read in small pieces. An error is INVALID_ARGUMENT and begins with "is not a Weir plugin:
// " (not an ELF file, 32 bits or big endian, made for another processor, not a shared object, cut
// short, no Weir note); a file that cannot be opened or read is the system's error. ReadWeirNote
// puts `path` before both.
Result<std::string> ReadWeirNote(const std::string& path);
Result<std::string> ParseWeirNote(std::string_view file_content);

}  // namespace weir
