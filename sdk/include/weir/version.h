// The version of the SDK that a plugin was compiled with.
#pragma once

#define WEIR_VERSION "0.1.0"
