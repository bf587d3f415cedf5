// The metadata store that the configuration asks for.
#pragma once

#include <memory>

#include <weir/status.h>

#include "common/clock.h"
#include "common/configuration.h"
#include "common/file_system.h"
#include "jobmanager/ha/metadata_store.h"

namespace weir::ha {

// Null for high-availability.type none: take NoMetadataStore(). Else takes the store for this
// process, as the next leader; `files` outlives it. Blocks.
//
// INVALID_ARGUMENT for settings that cannot work. FAILED_PRECONDITION, naming its process, while
// another JobManager has the store: whoever restarts this one tries again.
Result<std::unique_ptr<MetadataStore>> OpenMetadataStore(const Configuration& configuration,
                                                         FileSystem& files, Clock& clock);

}  // namespace weir::ha
