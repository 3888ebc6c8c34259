// SPDX-License-Identifier: Apache-2.0
// rowcall._engine.plan: what a run on a table of Python's would do.
#include <optional>
#include <utility>

#include "base/try.h"
#include "engine/plan.h"
#include "python/src/input_stream.h"
#include "python/src/objects.h"
#include "python/src/python_value.h"
#include "settings/rate_text.h"
#include "table/schema.h"

namespace rowcall::python {
namespace {

// Door: the table read, on the thread that plans.
class PlanSource final : public TableSource {
 public:
  PlanSource(InputStream input, std::int64_t rows) : input_(std::move(input)), rows_(rows) {}
  Result<OwnedSchema> schema() override { return table::copy_of(input_.schema()); }
  Result<SourceInfo> info() override {
    SourceInfo info;
    info.files = {{"the input table", -1, ""}};
    info.rows = rows_;
    info.rows_exact = rows_ >= 0;
    return info;
  }
  Result<std::optional<SourceBatch>> next() override {
    std::optional<SourceBatch> first;
    TRY(std::vector<SourceBatch> batches, input_.pull());
    if (!batches.empty()) first = std::move(batches.front());
    return first;
  }
  Result<void> seek(const SourcePosition&) override {
    return failure({ErrorCode::kInternal, "the input table", "a plan does not seek", "", ""});
  }

 private:
  InputStream input_;
  std::int64_t rows_;
};

settings::Value value_of(const Job& job, const engine::Plan& plan) {
  settings::List requests(plan.requests.begin(), plan.requests.end());
  settings::List limits;
  for (const RateLimit& limit : job.limits.rate) limits.emplace_back(settings::rate_text(limit));
  settings::Table out;
  out.push_back({"rows", plan.source.rows});
  out.push_back({"calls", plan.calls});
  out.push_back({"rows_per_call", job.request.rows_per_call});
  out.push_back({"limits", std::move(limits)});
  out.push_back({"time_at_least_s", plan.time_at_least ? seconds(*plan.time_at_least) : 0.0});
  out.push_back({"in_flight_max", plan.in_flight_max});
  out.push_back({"columns", plan.columns});
  out.push_back({"added", plan.added});
  out.push_back({"requests", std::move(requests)});
  return settings::Value(std::move(out));
}

}  // namespace

PyObject* plan_job(PyObject*, PyObject* arguments) {
  PyObject* job_object = nullptr;
  PyObject* table = nullptr;
  long long rows = -1;
  if (PyArg_ParseTuple(arguments, "OOL", &job_object, &table, &rows) == 0) return nullptr;
  const Job* job = job_of(job_object);
  OwnedStream stream;
  if (job == nullptr || !take_stream(table, stream)) return nullptr;
  Result<engine::Plan> plan = failure({});
  {
    Unlocked unlocked;
    Result<InputStream> input = InputStream::open(std::move(stream), job->source.batch_size);
    if (input) {
      PlanSource source(*std::move(input), rows);
      plan = engine::plan(*job, source);
    } else {
      plan = failure(std::move(input).error());
    }
  }
  if (plan) return to_object(value_of(*job, *plan));
  raise(plan.error());
  return nullptr;
}

}  // namespace rowcall::python
