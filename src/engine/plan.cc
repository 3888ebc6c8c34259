// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "engine/prepare.h"
#include "policy/limiter.h"
#include "table/schema.h"

namespace rowcall::engine {
namespace {

constexpr std::size_t kRequestsShown = 3;

// Each limit lets so many calls through in so long; the slowest one decides.
Duration time_at_limit(const LimitSpec& limits, std::int64_t calls) {
  double most = 0;
  for (const RateLimit& limit : policy::limits_in_calls(limits)) {
    // The first period's worth goes out within the first period; the rest at the long-run rate.
    most =
        std::max(most, static_cast<double>(calls) * seconds(limit.period) / static_cast<double>(limit.calls));
  }
  return from_seconds(most);
}

// What a run holds at most: program and libraries, rows on their way, connections, files being read and
// written. The first number was measured (docs/troubleshooting.md).
std::int64_t memory_at_most(const Job& job, int in_flight_max) {
  constexpr std::int64_t kProgram = 50 << 20;
  constexpr std::int64_t kPerLine = 24 << 10;
  return kProgram + job.limits.bytes_held_max + in_flight_max * kPerLine;
}

std::vector<std::string> first_requests(const Job& job, const Prepared& prepared, const SourceBatch& batch) {
  std::vector<std::string> shown;
  std::int64_t rows = prepared.reader.rows();
  for (std::int64_t row = 0; shown.size() < kRequestsShown && row < rows;) {
    int count = static_cast<int>(std::min<std::int64_t>(job.request.rows_per_call, rows - row));
    auto request = prepared.requests.render(prepared.reader, row, count, batch.position.row + row);
    shown.push_back(request ? prepared.requests.shown(*request)
                            : "cannot be made: " + request.error().text());
    row += count;
  }
  return shown;
}

}  // namespace

Result<Plan> plan(const Job& job, TableSource& source) {
  TRY(Prepared prepared, prepare(job, source, "plan"));
  TRY(std::optional<SourceBatch> batch, source.next());
  Plan out;
  out.source = prepared.source;
  out.columns = table::described(*prepared.input.get());
  for (const table::Column& column : prepared.answers.columns()) {
    out.added += column.name + ": " + column.type.text() + "\n";
  }
  std::int64_t rows = prepared.source.rows;
  if (rows >= 0) out.calls = (rows + job.request.rows_per_call - 1) / job.request.rows_per_call;
  if (out.calls >= 0 && !job.limits.rate.empty()) out.time_at_least = time_at_limit(job.limits, out.calls);
  out.in_flight_max = prepared.in_flight_max;
  out.memory_at_most = memory_at_most(job, prepared.in_flight_max);
  if (!batch) return out;
  if (batch->rows) {
    TRY_VOID(prepared.reader.look_at(*batch->rows.get()));
    out.requests = first_requests(job, prepared, *batch);
  }
  out.file = batch->file;
  out.unreadable = std::move(batch->unreadable);
  return out;
}

}  // namespace rowcall::engine
