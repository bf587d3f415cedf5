// One file of the metadata store: header, a proto::MetadataRecord, checksum
// (docs/formats/metadata-store.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include <weir/status.h>

#include "proto/metadata.pb.h"

namespace weir::ha {

std::string EncodeMetadataFile(const proto::MetadataRecord& record);

// `path` names the file in errors. CORRUPTION: truncated, changed, or not of our kind;
// UNSUPPORTED: of a newer format.
Result<proto::MetadataRecord> DecodeMetadataFile(std::string_view content, const std::string& path);

}  // namespace weir::ha
