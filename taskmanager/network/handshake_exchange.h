// The first frames of a connection, each written to a fresh socket in one piece.
#pragma once

#include <weir/status.h>

#include "taskmanager/network/frame_payload.h"

namespace weir::network {

// A fresh socket's buffer is empty and far larger than these frames; if one does not fit all the
// same, that is an IoError.

// The dialling side's.
Status SendHandshake(int socket, const Handshake& handshake);
// The dialled side's. A refusal is its last frame too: the caller closes.
Status AnswerHandshake(int socket, const HandshakeAccepted& accepted);
Status AnswerHandshake(int socket, const Goodbye& refusal);

}  // namespace weir::network
