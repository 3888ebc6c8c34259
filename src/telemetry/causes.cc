// SPDX-License-Identifier: Apache-2.0
#include "telemetry/causes.h"

#include <algorithm>
#include <tuple>

#include "telemetry/plain_text.h"

namespace rowcall::telemetry {
namespace {

constexpr std::size_t kCausesMax = 100;
constexpr std::size_t kExamples = 5;
constexpr std::size_t kMessageColumns = 300;

// The message without what differs from row to row.
void append_pattern(std::string& out, std::string_view message) {
  bool quoted = false;
  bool digits = false;
  for (char c : message.substr(0, 1000)) {
    if (c == '"') {
      quoted = !quoted;
      out += c;
      continue;
    }
    if (quoted) continue;
    bool digit = c >= '0' && c <= '9';
    if (digit && digits) continue;
    digits = digit;
    out += digit ? '#' : c;
  }
}

}  // namespace

bool larger(const Cause& a, const Cause& b) {
  return a.rows != b.rows ? a.rows > b.rows
                          : std::tie(a.error_class, a.message) < std::tie(b.error_class, b.message);
}

void Causes::on(const RowUnreadable& event) {
  add("unreadable", event.row.reason, event.row.row, 1);
}

void Causes::add(std::string_view error_class, std::string_view message, std::int64_t row,
                 std::int64_t rows) {
  rows_ += rows;
  key_.assign(error_class);
  key_ += '\n';
  append_pattern(key_, message);
  auto found = places_.find(key_);
  if (found == places_.end()) {
    bool room = causes_.size() < kCausesMax;
    if (!room) key_ = "\nothers";
    auto [at, fresh] = places_.try_emplace(key_, causes_.size());
    if (fresh) {
      std::string text =
          room ? clipped(plain(redactor_->masked(message)), kMessageColumns) : "further causes";
      causes_.push_back({room ? std::string(error_class) : "others", std::move(text), 0, {}});
    }
    found = at;
  }
  Cause& cause = causes_[found->second];
  cause.rows += rows;
  if (cause.examples.size() < kExamples) cause.examples.push_back(row);
}

std::vector<Cause> Causes::all() const {
  std::vector<Cause> out = causes_;
  std::ranges::sort(out, larger);
  return out;
}

}  // namespace rowcall::telemetry
