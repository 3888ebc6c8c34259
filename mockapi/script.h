// SPDX-License-Identifier: Apache-2.0
// A script: how the mock API changes while it runs.
//
//     # time  what     value          counted from the first call
//     10s     limit    400/s          refuse what exceeds this ("none": nothing)
//     10s     latency  200ms          also: jitter 5ms
//     10s     capacity 300/s          carry out no more; further calls queue ("none"); queue-max 500
//     10s     errors   503:0.3        as in --errors ("none")
//     10s     outage   20s            be down for that long
//     10s     retry-after 1           on refusals ("none"); limit-status 503: refuse with that
//     8s+16s*5 limit   450/s          at 8 s, and every 16 s after it, five times in all
//
// Steps stand in lines or between semicolons; their order does not matter. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "mockapi/options.h"

namespace rowcall::mockapi {

/// Reads a script, or says which step is wrong; `place` is a flag or a file. Steps come in order of time.
Result<std::vector<ScriptStep>> read_script(std::string_view text, std::string_view place);

/// What a step does to a behaviour.
void apply(const ScriptStep& step, Behaviour& behaviour);

}  // namespace rowcall::mockapi
