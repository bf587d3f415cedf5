#include "jobmanager/ha/metadata_file.h"

#include <cstdint>

#include "common/crc32c.h"
#include "common/text.h"

namespace weir::ha {
namespace {

constexpr std::string_view kMagic = "WEIRMETA";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kChecksumBytes = 4;

void AppendUint32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint32_t ReadUint32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t index = 0; index < 4; ++index) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[index])) << (8 * index);
  }
  return value;
}

}  // namespace

std::string EncodeMetadataFile(const proto::MetadataRecord& record) {
  std::string file(kMagic);
  AppendUint32(file, kVersion);
  file += record.SerializeAsString();
  AppendUint32(file, Crc32c(file));
  return file;
}

Result<proto::MetadataRecord> DecodeMetadataFile(std::string_view content,
                                                 const std::string& path) {
  const auto corrupt = [&](std::string_view why) {
    return Status::Corruption(Concat("'", path, "' in the metadata store ", why));
  };
  if (content.size() < kHeaderBytes + kChecksumBytes) return corrupt("is truncated");
  if (!content.starts_with(kMagic)) return corrupt("is no file of the metadata store");
  // The version first: a newer format may check its content differently.
  const std::uint32_t version = ReadUint32(content.substr(kMagic.size()));
  if (version != kVersion) {
    return Status(StatusCode::kUnsupported,
                  Concat("'", path, "' in the metadata store has format version ", version,
                         "; this JobManager reads version ", kVersion),
                  ErrorDomain::kSystem, RetryHint::kNoRetry);
  }
  const std::string_view checked = content.substr(0, content.size() - kChecksumBytes);
  if (Crc32c(checked) != ReadUint32(content.substr(checked.size()))) {
    return corrupt("is truncated or changed: its checksum does not match");
  }
  proto::MetadataRecord record;
  const std::string_view message = checked.substr(kHeaderBytes);
  if (!record.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return corrupt("holds no valid record");
  }
  return record;
}

}  // namespace weir::ha
