// Which files a path stands for.
#pragma once

#include <string>
#include <vector>

#include <weir/connectors/file_system.h>
#include <weir/connectors/internal/file_read_session.h>
#include <weir/status.h>

namespace weir::files {

// Whether a path has *, ? or [.
bool IsPattern(const std::string& path);

// The files of all paths, each once, ordered by path. May block. A path that is not there is an
// error; a pattern that nothing matches is none. A path that is there is no pattern, whatever
// characters it has.
Result<std::vector<FileInformation>> ListFiles(const internal::FileSourceOptions& options);

}  // namespace weir::files
