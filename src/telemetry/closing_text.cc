// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <string>

#include "base/parse.h"
#include "telemetry/figures.h"
#include "telemetry/plain_text.h"
#include "telemetry/summary.h"

namespace rowcall::telemetry {
namespace {

constexpr std::size_t kLabelColumns = 14;

std::string padded_left(std::string text, std::size_t columns) {
  if (text.size() < columns) text.insert(0, columns - text.size(), ' ');
  return text;
}

// Lines of a label and what there is to say about it.
class Block {
 public:
  void line(std::string_view label, std::string_view text) {
    std::string out = "  " + std::string(label);
    out.resize(std::max(out.size() + 1, 2 + kLabelColumns), ' ');
    out_ += out + plain(text) + "\n";
  }
  void blank() { out_ += '\n'; }
  std::string text() && { return std::move(out_); }

 private:
  std::string out_;
};

std::string count_of(std::int64_t n, const char* one, const char* many) {
  return grouped(n) + " " + (n == 1 ? one : many);
}

std::string headline(const Summary& summary) {
  const Report& report = summary.report;
  std::string out = plain(summary.name) + ": ";
  std::string duration = duration_words(report.duration);
  if (report.end == RunEnd::kComplete) return out + "complete in " + duration + "\n";
  out += std::string(name_of(report.end)) + " after " + duration;
  std::int64_t done = report.counts.ended() - report.counts[Ending::kSkipped];
  out += ", " + grouped(done);
  if (summary.rows_expected > 0) out += " of " + grouped(summary.rows_expected);
  return out + " rows done\n";
}

void add_rows(Block& block, const Counts& counts) {
  static constexpr const char* labels[kEndings] = {"  ok", "  no match", "  failed", "  unreadable",
                                                   "  skipped"};
  std::size_t width = grouped(counts.rows).size();
  block.line("rows", grouped(counts.rows));
  auto part = [&](const char* label, std::int64_t n) {
    block.line(label, padded_left(grouped(n), width) + padded_left(percent_words(n, counts.rows), 11));
  };
  for (int i = 0; i < kEndings; ++i) {
    std::int64_t n = counts[static_cast<Ending>(i)];
    if (n > 0) part(labels[i], n);
  }
  // Never seen in a sound program; then it must not be hidden.
  if (counts.ended() != counts.rows) {
    block.line("  mismatch",
               "the endings add up to " + grouped(counts.ended()) + "; please report this as a bug");
  }
}

void add_calls(Block& block, const Counts& counts) {
  std::string text = grouped(counts.calls);
  auto also = [&](std::int64_t n, const char* one, const char* many) {
    if (n > 0) text += ", " + count_of(n, one, many);
  };
  also(counts.retries, "retry", "retries");
  also(counts[OutcomeClass::kThrottled], "throttled", "throttled");
  also(counts[OutcomeClass::kTransient], "transient error", "transient errors");
  block.line("calls", text);
}

void add_rate(Block& block, const Summary& summary) {
  const Report& report = summary.report;
  double rate = mean_rate(report.counts.attempts, report.sending);
  if (rate > 0) {
    std::string text = rate_words(rate) + " calls per second";
    if (!summary.limits.empty()) {
      char share[48];
      std::snprintf(share, sizeof share, ", %.1f %% of the limit", 100 * share_of_limits(summary));
      text += share;
    }
    block.line("rate", text);
  }
  for (const WorstWindow& worst : report.worst) {
    std::string limit = limit_words({worst.limit, worst.period});
    bool kept = worst.calls <= worst.limit;
    block.line("limit",
               limit + (kept ? ": kept, " : ": BROKEN, ") + grouped(worst.calls) + " in the worst window");
  }
}

void add_latency(Block& block, const Summary& summary) {
  if (summary.latency_max == Duration{}) return;
  block.line("latency", "p50 " + latency_words(summary.latency_p50) + ", p90 " +
                            latency_words(summary.latency_p90) + ", p99 " +
                            latency_words(summary.latency_p99) + ", max " +
                            latency_words(summary.latency_max));
}

void add_cost(Block& block, const Summary& summary) {
  std::string text = duration_words(summary.cpu) + " of CPU";
  std::int64_t rows = summary.report.counts.rows;
  if (rows > 0) {
    double us = seconds(summary.cpu) * 1e6 / static_cast<double>(rows);
    text += " (" + rate_words(us) + " us a row)";
  }
  if (summary.rss_max_bytes > 0) text += ", " + bytes_words(summary.rss_max_bytes) + " of memory at most";
  block.line("cost", text);
}

void add_places(Block& block, const Summary& summary) {
  PartInfo all;
  for (const PartInfo& part : summary.report.parts) {
    all.rows += part.rows;
    all.bytes += part.bytes;
  }
  if (!summary.report.parts.empty()) {
    auto parts = static_cast<std::int64_t>(summary.report.parts.size());
    std::string where = summary.sink == "-" ? "standard output" : summary.sink;
    block.line("output", where + " (" + count_of(parts, "part", "parts") + ", " +
                             count_of(all.rows, "row", "rows") + ", " + bytes_words(all.bytes) + ")");
  }
  const PartInfo& failures = summary.report.failures;
  if (!failures.path.empty()) {
    block.line("failures", failures.path + " (" + count_of(failures.rows, "row", "rows") + ")");
  }
  block.line("run", summary.run_dir);
}

}  // namespace

std::string closing_text(const Summary& summary) {
  const Report& report = summary.report;
  Block block;
  if (std::string error = report.error.text(); !error.empty()) {
    block.line(report.end == RunEnd::kStopped ? "why" : "error", error);
    block.blank();
  }
  add_rows(block, report.counts);
  add_calls(block, report.counts);
  add_rate(block, summary);
  add_latency(block, summary);
  add_cost(block, summary);
  add_places(block, summary);
  for (const std::string& note : summary.notes) block.line("note", note);
  if (!summary.next_step.empty()) {
    block.blank();
    block.line("next", summary.next_step);
  }
  return headline(summary) + "\n" + std::move(block).text();
}

}  // namespace rowcall::telemetry
