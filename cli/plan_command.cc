// SPDX-License-Identifier: Apache-2.0
// `rowcall plan`: what a run would do, without doing it.
#include <cstdio>
#include <memory>
#include <string>

#include "base/json_text.h"
#include "base/parse.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/run_session.h"
#include "engine/plan.h"
#include "files/files.h"
#include "policy/forecast.h"
#include "policy/limiter.h"
#include "settings/rate_text.h"
#include "table/row_reader.h"
#include "telemetry/figures.h"

namespace rowcall::cli {
namespace {

void print(const char* name, const std::string& value) {
  std::printf("%-10s%s\n", name, value.c_str());
}

std::string indented(const std::string& text) {
  std::string out = "  ";
  for (char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  while (out.ends_with(' ') || out.ends_with('\n')) out.pop_back();
  return out;
}

std::string rows_text(const SourceInfo& source) {
  if (source.rows < 0) return "not known before it is read";
  return std::string(source.rows_exact ? "" : "about ") + grouped(source.rows);
}

// Keeps rows as JSON lines and prints them: the sink of a sample.
class PrintingSink final : public TableSink {
 public:
  explicit PrintingSink(const char* title) : title_(title) {}
  Result<void> open(OwnedSchema schema, int) override {
    schema_ = std::move(schema);
    return {};
  }
  Result<void> write(OwnedArray rows) override {
    TRY(table::RowReader reader, table::RowReader::make(*schema_.get()));
    TRY_VOID(reader.look_at(*rows.get()));
    for (std::int64_t row = 0; row < reader.rows(); ++row) {
      std::string text;
      {
        json::Object object(text);
        for (int c = 0; c < reader.columns(); ++c) reader.append_json(object.key(reader.name(c)), c, row);
      }
      std::printf("%s  %s\n", title_, text.c_str());
    }
    return {};
  }
  Result<PartInfo> publish() override { return PartInfo{}; }
  Result<void> finish(std::int64_t) override { return {}; }
  void abort() override {}

 private:
  const char* title_;
  OwnedSchema schema_;
};

// What the sample says of the whole run.
void print_forecast(const Job& job, const engine::Plan& plan, Duration latency) {
  auto told = policy::forecast_before(plan.source.rows, job.request.rows_per_call,
                                      policy::limits_in_calls(job.limits), latency, plan.in_flight_max);
  if (!told) return;
  std::printf("\n");
  print("forecast", "about " + duration_words(told->likely) + " (90 %: " + duration_words(told->low) +
                        " to " + duration_words(told->high) + "; at least " + duration_words(told->least) +
                        "), from " + telemetry::latency_words(latency) + " a call");
}

Result<Exit> send_sample(Job job, const engine::Plan& whole, int rows) {
  job.source.rows_max = rows;
  TRY(auto source, files::open_source(job.source, job.s3));
  PrintingSink answered("answered");
  PrintingSink failed("failed  ");
  Host host;
  host.source = source.get();
  host.sink = &answered;
  host.failures = &failed;
  host.run_id = ledger::new_run_id();
  Duration spent{};
  std::int64_t answers = 0;
  host.listener = [&](const Event& event) {
    const auto* attempt = std::get_if<AttemptEnded>(&event);
    if (attempt == nullptr || !attempt->reply.on_wire || attempt->reply.error != TransportError::kNone)
      return;
    spent += attempt->reply.latency();
    ++answers;
  };
  std::printf("\nsample: %d rows, really sent\n", rows);
  TRY(Report report, run(job, host));
  if (report.end != RunEnd::kComplete) return failure(report.error);
  if (answers > 0) print_forecast(job, whole, spent / answers);
  return exit_for(report);
}

Result<Exit> show_plan(const Job& job, int sample, double price_per_call) {
  TRY(auto source, files::open_source(job.source, job.s3));
  TRY(engine::Plan plan, engine::plan(job, *source));
  std::size_t files = plan.source.files.size();
  print("source",
        std::to_string(files) + (files == 1 ? " file, " : " files, ") + plan.source.files.front().name);
  print("rows", rows_text(plan.source));
  std::printf("columns\n%s\n", indented(plan.columns).c_str());
  std::printf("added\n%s\n", indented(plan.added).c_str());
  print("sink", job.sink.path.empty() ? (run_directory(job) / "output.parquet").string() : job.sink.path);
  std::string calls =
      plan.calls < 0 ? "not known" : (plan.source.rows_exact ? "" : "about ") + grouped(plan.calls);
  int rows_per_call = job.request.rows_per_call;
  print("calls",
        calls + ", " + std::to_string(rows_per_call) + (rows_per_call == 1 ? " row each" : " rows each"));
  std::string limits;
  for (const RateLimit& limit : job.limits.rate)
    limits += (limits.empty() ? "" : " and ") + settings::rate_text(limit);
  print("limit", limits.empty() ? "none" : limits);
  if (plan.time_at_least) print("time", "at least " + duration_words(*plan.time_at_least));
  if (plan.calls >= 0 && price_per_call > 0) {
    print("cost", "at least " + telemetry::cost_words(static_cast<double>(plan.calls) * price_per_call));
  }
  print("in flight", "at most " + std::to_string(plan.in_flight_max) + " calls");
  print("memory", "at most about " + bytes_words(plan.memory_at_most));
  if (plan.requests.empty() && plan.unreadable.empty()) {
    std::printf("\nThe table has no rows: nothing would be sent.\n");
    return Exit::kDone;
  }
  for (std::size_t i = 0; i < plan.requests.size(); ++i) {
    std::printf("\nrequest %zu\n%s\n", i + 1, indented(plan.requests[i]).c_str());
  }
  for (const UnreadableRow& row : plan.unreadable) {
    std::printf("\nunreadable: %s line %lld: %s\n", plan.file.c_str(), static_cast<long long>(row.line),
                row.reason.c_str());
  }
  if (sample > 0) return send_sample(job, plan, sample);
  std::printf("\nNothing was sent. --sample 5 really sends five.\n");
  return Exit::kDone;
}

}  // namespace

void add_plan(CLI::App& app, Command& chosen) {
  CLI::App* command =
      app.add_subcommand("plan", "Show what a run would do: columns, first requests, calls, time");
  command->footer("Nothing is sent, unless --sample N asks for N rows to be called and shown.");
  auto flags = std::make_shared<JobFlags>();
  auto sample = std::make_shared<int>(0);
  add_job_flags(*command, *flags);
  command->add_option("--sample", *sample, "Really call the first N rows and show what comes of them")
      ->type_name("N");
  auto price = std::make_shared<double>(0);
  command->add_option("--price-per-call", *price, "What one attempt costs, in whatever currency")
      ->type_name("N");
  command->callback([&chosen, flags, sample, price] {
    chosen = [flags, sample, price] {
      auto job = load_job(*flags, /*needs_source=*/true);
      if (!job) return complain(job.error());
      auto exit = show_plan(*job, *sample, *price);
      return exit ? *exit : complain(exit.error());
    };
  });
}

}  // namespace rowcall::cli
