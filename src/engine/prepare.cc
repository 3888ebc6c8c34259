// SPDX-License-Identifier: Apache-2.0
#include "engine/prepare.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>

#include "base/try.h"
#include "policy/limiter.h"
#include "table/schema.h"

namespace rowcall::engine {
namespace {

// Files and pipes besides connections that a run needs at most.
constexpr int kOtherFiles = 64;

// Half a second's worth of calls: enough for an API that takes half a second. The adaptive control keeps well
// below what is possible unless slow answers need it, so it gets five. Without a limit on the rate, more than
// this many at a time only makes an API queue.
int in_flight_for(const Job& job) {
  constexpr int kUnlimited = 128;
  constexpr int kUnlimitedAdaptive = 1024;
  if (job.run.mode == Mode::kSync) return job.run.workers;
  if (job.limits.in_flight_max > 0) return job.limits.in_flight_max;
  double rate = policy::Limiter(job.limits).pace_per_s();
  if (std::isinf(rate)) return job.limits.adaptive ? kUnlimitedAdaptive : kUnlimited;
  double worth = job.limits.adaptive ? std::min(seconds(job.request.timeout), 5.0) : 0.5;
  return static_cast<int>(std::clamp(rate * worth, 64.0, 4096.0));
}

// Every call in flight needs a file descriptor: the soft limit is raised as far as the system allows.
Result<int> affordable(int in_flight, bool asked_for) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return in_flight;
  rlim_t needed = static_cast<rlim_t>(in_flight) + kOtherFiles;
  if (files.rlim_cur < needed) {
    rlimit raised = files;
    raised.rlim_cur = std::min(files.rlim_max, needed);
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) files = raised;
  }
  if (files.rlim_cur >= needed) return in_flight;
  int possible = std::max(static_cast<int>(files.rlim_cur) - kOtherFiles, 1);
  if (!asked_for) return possible;
  return failure({ErrorCode::kSetting, "limits.in_flight_max", std::to_string(in_flight) + " calls in flight",
                  "at most " + std::to_string(possible) + ": the system allows this process " +
                      std::to_string(files.rlim_cur) + " open files",
                  "Lower it, or raise the limit of open files (ulimit -n)."});
}

}  // namespace

Result<Prepared> prepare(const Job& job, TableSource& source, const std::string& run_id) {
  TRY(OwnedSchema input, source.schema());
  TRY(SourceInfo info, source.info());
  TRY(table::RowReader reader, table::RowReader::make(*input.get()));
  TRY(mapping::RequestMapper requests, mapping::RequestMapper::make(job, reader, run_id));
  TRY(mapping::AnswerMapper answers, mapping::AnswerMapper::make(job, table::column_names(*input.get())));
  TRY(policy::Classifier classifier, policy::Classifier::make(job.classify));
  TRY(int in_flight_max, affordable(in_flight_for(job), job.limits.in_flight_max > 0));
  std::optional<Request> health;
  if (job.request.health_every > Duration{}) {
    TRY(health, requests.health(job.request));
  }
  OwnedSchema output = table::extended(*input.get(), answers.columns());
  return Prepared{std::move(input),  std::move(output),   std::move(info),
                  std::move(reader), std::move(requests), std::move(answers),
                  classifier,        in_flight_max,       std::move(health)};
}

}  // namespace rowcall::engine
