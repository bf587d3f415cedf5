// weir::Status on the wire.
#pragma once

#include <weir/status.h>

namespace weir::proto {
class Error;
}  // namespace weir::proto

namespace weir::session {

void ToProto(const Status& status, proto::Error* message);
// A code that this version does not know becomes kInternal; the message is kept.
Status FromProto(const proto::Error& message);

}  // namespace weir::session
