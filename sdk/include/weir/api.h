// Everything a job author needs: #include <weir/api.h>.
#pragma once

#include <weir/collect_sink.h>
#include <weir/collector.h>
#include <weir/connected_streams.h>
#include <weir/data_stream.h>
#include <weir/environment.h>
#include <weir/error_policy.h>
#include <weir/format.h>
#include <weir/fields.h>
#include <weir/functions.h>
#include <weir/job_execution_result.h>
#include <weir/job_plugin.h>
#include <weir/keyed_connected_streams.h>
#include <weir/keyed_stream.h>
#include <weir/map_state.h>
#include <weir/process_context.h>
#include <weir/runtime_context.h>
#include <weir/serializer.h>
#include <weir/side_output.h>
#include <weir/sink.h>
#include <weir/source.h>
#include <weir/stable_hash.h>
#include <weir/state.h>
#include <weir/status.h>
#include <weir/timer_service.h>
#include <weir/watermark_strategy.h>
