// SPDX-License-Identifier: Apache-2.0
// `rowcall plan`: what a run would do, without doing it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "base/json_text.h"
#include "base/parse.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/run_session.h"
#include "engine/prepare.h"
#include "files/files.h"
#include "settings/rate_text.h"
#include "table/schema.h"

namespace rowcall::cli {
namespace {

constexpr int kRequestsShown = 3;

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

// Each limit lets so many calls through in so long; the slowest one decides.
Duration time_at_limit(const LimitSpec& limits, std::int64_t calls) {
  double most = 0;
  for (const RateLimit& limit : limits.rate) {
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

void print_requests(const Job& job, const engine::Prepared& prepared, const SourceBatch& batch) {
  std::int64_t rows = prepared.reader.rows();
  std::int64_t row = 0;
  for (int shown = 0; shown < kRequestsShown && row < rows; ++shown) {
    int count = static_cast<int>(std::min<std::int64_t>(job.request.rows_per_call, rows - row));
    auto request = prepared.requests.render(prepared.reader, row, count, batch.position.row + row);
    std::printf("\nrequest %d\n", shown + 1);
    std::string text =
        request ? prepared.requests.shown(*request) : "cannot be made: " + request.error().text();
    std::printf("%s\n", indented(text).c_str());
    row += count;
  }
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

Result<Exit> send_sample(Job job, int rows) {
  job.source.rows_max = rows;
  TRY(auto source, files::open_source(job.source, job.s3));
  PrintingSink answered("answered");
  PrintingSink failed("failed  ");
  Host host;
  host.source = source.get();
  host.sink = &answered;
  host.failures = &failed;
  host.run_id = ledger::new_run_id();
  std::printf("\nsample: %d rows, really sent\n", rows);
  TRY(Report report, run(job, host));
  if (report.end != RunEnd::kComplete) return failure(report.error);
  return exit_for(report);
}

Result<Exit> show_plan(const Job& job, int sample) {
  TRY(auto source, files::open_source(job.source, job.s3));
  TRY(engine::Prepared prepared, engine::prepare(job, *source, "plan"));
  TRY(std::optional<SourceBatch> batch, source->next());
  print("source", std::to_string(prepared.source.files.size()) +
                      (prepared.source.files.size() == 1 ? " file, " : " files, ") +
                      prepared.source.files.front().name);
  print("rows", rows_text(prepared.source));
  std::printf("columns\n%s\n", indented(table::described(*prepared.input.get())).c_str());
  std::string added;
  for (const table::Column& column : prepared.answers.columns())
    added += column.name + ": " + column.type.text() + "\n";
  std::printf("added\n%s\n", indented(added).c_str());
  print("sink", job.sink.path.empty() ? (run_directory(job) / "output.parquet").string() : job.sink.path);

  std::int64_t rows = prepared.source.rows;
  std::int64_t calls = rows < 0 ? -1 : (rows + job.request.rows_per_call - 1) / job.request.rows_per_call;
  print("calls", (calls < 0 ? "not known" : (prepared.source.rows_exact ? "" : "about ") + grouped(calls)) +
                     ", " + std::to_string(job.request.rows_per_call) +
                     (job.request.rows_per_call == 1 ? " row each" : " rows each"));
  std::string limits;
  for (const RateLimit& limit : job.limits.rate)
    limits += (limits.empty() ? "" : " and ") + settings::rate_text(limit);
  print("limit", limits.empty() ? "none" : limits);
  if (calls >= 0 && !limits.empty())
    print("time", "at least " + duration_words(time_at_limit(job.limits, calls)));
  print("in flight", "at most " + std::to_string(prepared.in_flight_max) + " calls");
  print("memory", "at most about " + bytes_words(memory_at_most(job, prepared.in_flight_max)));
  if (!batch || !batch->rows || batch->rows->length == 0) {
    std::printf("\nThe table has no rows: nothing would be sent.\n");
    return Exit::kDone;
  }
  TRY_VOID(prepared.reader.look_at(*batch->rows.get()));
  print_requests(job, prepared, *batch);
  for (const UnreadableRow& row : batch->unreadable) {
    std::printf("\nunreadable: %s line %lld: %s\n", batch->file.c_str(), static_cast<long long>(row.line),
                row.reason.c_str());
  }
  if (sample > 0) return send_sample(job, sample);
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
  command->callback([&chosen, flags, sample] {
    chosen = [flags, sample] {
      auto job = load_job(*flags, /*needs_source=*/true);
      if (!job) return complain(job.error());
      auto exit = show_plan(*job, *sample);
      return exit ? *exit : complain(exit.error());
    };
  });
}

}  // namespace rowcall::cli
