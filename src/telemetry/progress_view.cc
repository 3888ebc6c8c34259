// SPDX-License-Identifier: Apache-2.0
#include "telemetry/progress_view.h"

#include <algorithm>
#include <cmath>

#include "base/parse.h"
#include "telemetry/figures.h"
#include "telemetry/plain_text.h"

namespace rowcall::telemetry {
namespace {

enum class Style { kNone, kBold, kDim, kGreen, kYellow, kRed };

// A figure with its word. When a line is too long, pieces of the highest rank go first.
struct Piece {
  std::string text;
  int rank;
  Style style = Style::kNone;
};

constexpr std::string_view kGap = "   ";
constexpr int kBarColumnsMin = 10;
constexpr int kBarColumnsMax = 40;

std::string styled(std::string_view text, Style style, bool colour) {
  if (!colour || style == Style::kNone || text.empty()) return std::string(text);
  static constexpr const char* codes[] = {"", "1", "2", "32", "33", "31"};
  return std::string("\x1b[") + codes[static_cast<int>(style)] + "m" + std::string(text) + "\x1b[0m";
}

int columns_of(const std::vector<Piece>& pieces) {
  int columns = 0;
  for (const Piece& piece : pieces) columns += telemetry::columns_of(piece.text);
  auto gaps = static_cast<int>(pieces.size()) - 1;
  return columns + std::max(0, gaps) * static_cast<int>(kGap.size());
}

void drop_what_does_not_fit(std::vector<Piece>& pieces, int width) {
  while (pieces.size() > 1 && columns_of(pieces) > width) {
    auto worst = std::max_element(pieces.begin(), pieces.end(),
                                  [](const Piece& a, const Piece& b) { return a.rank < b.rank; });
    pieces.erase(worst);
  }
  if (pieces.size() == 1) pieces[0].text = clipped(pieces[0].text, width);
}

std::string joined(const std::vector<Piece>& pieces, bool colour) {
  std::string out;
  for (const Piece& piece : pieces) {
    if (!out.empty()) out += kGap;
    out += styled(piece.text, piece.style, colour);
  }
  return out;
}

// Share of the rows done, from 0 to 1; nothing when there is no total to compare with.
std::optional<double> share_done(const ProgressState& state) {
  if (state.rows_expected <= 0) return std::nullopt;
  double share = static_cast<double>(state.counts.ended()) / static_cast<double>(state.rows_expected);
  return std::min(share, state.rows_exact ? 1.0 : 0.99);
}

std::string percent_text(double share) {
  return std::to_string(static_cast<int>(std::floor(share * 100 + 1e-9))) + " %";
}

std::string rows_text(const ProgressState& state) {
  std::string out = grouped(state.counts.ended());
  if (state.rows_expected > 0) {
    out += state.rows_exact ? " of " : " of about ";
    out += grouped(state.rows_expected);
  }
  return out + " rows";
}

std::string rate_text(const ProgressState& state) {
  std::string out = rate_words(state.calls_per_s);
  if (state.limit_per_s > 0) out += " of " + rate_words(state.limit_per_s);
  return out + " calls/s";
}

// "1 min 30 s to 2 min 10 s", or one time when both read alike.
std::string interval_text(const policy::FinishForecast& left) {
  std::string low = time_left_words(left.low);
  std::string high = time_left_words(left.high);
  return low == high ? low : low + " to " + high;
}

// What was spent, and what it will be if the rest goes like that.
std::string cost_text(const ProgressState& state) {
  auto attempts = static_cast<double>(state.counts.attempts);
  std::string out = "cost " + cost_words(attempts * state.price_per_call);
  double done = share_done(state).value_or(0);
  if (done > 0.01 && done < 1) out += " of about " + cost_words(attempts / done * state.price_per_call);
  return out;
}

std::string bar(double share, int columns, const ProgressState& state, const Look& look) {
  Style style = state.held || state.stopping ? Style::kYellow : Style::kGreen;
  auto done = static_cast<int>(std::floor(share * columns + 1e-9));
  std::string full, rest;
  for (int i = 0; i < columns; ++i)
    (i < done ? full : rest) += look.unicode ? (i < done ? "━" : "─") : (i < done ? "#" : "-");
  return styled(full, style, look.colour) + styled(rest, Style::kDim, look.colour);
}

std::string first_line(const ProgressState& state, const Look& look) {
  std::optional<double> share = share_done(state);
  std::vector<Piece> head = {{state.name, 4, Style::kBold}};
  if (share) head.push_back({percent_text(*share), 0, Style::kBold});
  std::vector<Piece> tail = {{rows_text(state), 1}};
  if (share && state.left && !state.held) {
    tail.push_back({time_left_words(state.left->likely) + " left", 2});
  } else {
    tail.push_back({duration_words(state.elapsed) + " so far", 3, Style::kDim});
  }
  std::vector<Piece> all = head;
  all.insert(all.end(), tail.begin(), tail.end());
  int gap = static_cast<int>(kGap.size());
  int room = look.width - columns_of(all) - gap;
  if (!share || room < kBarColumnsMin) {
    drop_what_does_not_fit(all, look.width);
    return joined(all, look.colour);
  }
  return joined(head, look.colour) + std::string(kGap) +
         bar(*share, std::min(room, kBarColumnsMax), state, look) + std::string(kGap) +
         joined(tail, look.colour);
}

std::string second_line(const ProgressState& state, const Look& look) {
  std::vector<Piece> pieces = {{rate_text(state), 0}};
  if (state.rows_per_call > 1) pieces.push_back({rate_words(state.rows_per_s) + " rows/s", 2});
  pieces.push_back({grouped(state.in_flight) + " in flight", 1});
  if (state.waiting > 0) pieces.push_back({grouped(state.waiting) + " waiting", 3});
  if (state.sleeping > 0) pieces.push_back({grouped(state.sleeping) + " sleeping", 3});
  pieces.push_back({grouped(state.connections) + " connections", 4, Style::kDim});
  if (state.left && !state.held) pieces.push_back({"90 %: " + interval_text(*state.left) + " left", 3});
  if (state.price_per_call > 0) pieces.push_back({cost_text(state), 2});
  drop_what_does_not_fit(pieces, look.width);
  return joined(pieces, look.colour);
}

// The endings of rows, then what went wrong with attempts. What never happened is not shown.
std::vector<Piece> results(const Counts& counts) {
  std::vector<Piece> pieces = {{"ok " + grouped(counts[Ending::kOk]), 0}};
  auto add = [&](const char* word, std::int64_t n, int rank, Style style = Style::kNone) {
    if (n > 0) pieces.push_back({std::string(word) + " " + grouped(n), rank, style});
  };
  add("no match", counts[Ending::kNoMatch], 3);
  add("failed", counts[Ending::kFailed], 1, Style::kRed);
  add("unreadable", counts[Ending::kUnreadable], 2, Style::kRed);
  add("skipped", counts[Ending::kSkipped], 3);
  add("retries", counts.retries, 6, Style::kYellow);
  add("throttled", counts[OutcomeClass::kThrottled], 4, Style::kYellow);
  add("transient", counts[OutcomeClass::kTransient], 5, Style::kYellow);
  add("permanent", counts[OutcomeClass::kPermanent], 7, Style::kRed);
  add("fatal", counts[OutcomeClass::kFatal], 2, Style::kRed);
  return pieces;
}

std::string third_line(const ProgressState& state, const Look& look) {
  std::vector<Piece> pieces = results(state.counts);
  drop_what_does_not_fit(pieces, look.width);
  return joined(pieces, look.colour);
}

// Why it is not moving; empty when it is.
std::string standstill(const ProgressState& state) {
  if (state.stopping) {
    return "stopping: " + grouped(state.in_flight) +
           " calls in flight are finished first; Ctrl-C again stops at once";
  }
  if (!state.held) return {};
  std::string out = "held";
  if (state.held_for >= 1s) out += " for " + duration_words(state.held_for);
  if (!state.held_why.empty()) out += ": " + state.held_why;
  if (state.next_probe_in > Duration{}) out += "; next probe in " + duration_words(state.next_probe_in);
  if (state.left) out += "; at least " + time_left_words(state.left->least) + " left";
  return out;
}

}  // namespace

std::vector<std::string> render(const ProgressState& state, const Look& look) {
  std::vector<std::string> lines = {first_line(state, look), second_line(state, look)};
  if (state.counts.ended() > 0 || state.counts.attempts > 0) lines.push_back(third_line(state, look));
  std::string why = clipped(standstill(state), look.width);
  if (!why.empty()) lines.push_back(styled(why, Style::kYellow, look.colour));
  return lines;
}

std::string render_line(const ProgressState& state) {
  std::string out = state.name + ": " + rows_text(state);
  if (auto share = share_done(state)) out += " (" + percent_text(*share) + ")";
  out += ", " + rate_text(state) + ", " + grouped(state.in_flight) + " in flight";
  for (const Piece& piece : results(state.counts)) {
    if (piece.rank > 0) out += ", " + piece.text;
  }
  if (state.left && !state.held && state.rows_expected > 0) {
    out += ", " + time_left_words(state.left->likely) + " left (" + interval_text(*state.left) + ")";
  }
  if (state.price_per_call > 0) out += ", " + cost_text(state);
  if (std::string why = standstill(state); !why.empty()) out += ", " + why;
  return out;
}

}  // namespace rowcall::telemetry
