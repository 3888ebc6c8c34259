// SPDX-License-Identifier: Apache-2.0
// Failed and unreadable rows, grouped by what they failed of.
//
// Messages that differ only in numbers and quoted values are one cause: "no place \"X\" in 17 tries" and "no
// place \"Y\" in 3 tries". Memory is fixed: past 100 causes, the rest is one more.
//
// One thread: that of the events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rowcall/event.h"

#include "telemetry/redactor.h"

namespace rowcall::telemetry {

struct Cause {
  std::string error_class;
  std::string message;  ///< Of the first such failure; plain text, no secret.
  std::int64_t rows = 0;
  std::vector<std::int64_t> examples;  ///< Numbers of the first few rows, from 0 over the whole source.
};

/// The larger first; then by name, so that the order is always the same.
bool larger(const Cause& a, const Cause& b);

class Causes {
 public:
  /// `redactor` outlives this.
  explicit Causes(const Redactor* redactor) : redactor_(redactor) {}

  void on(const RowsFailed& event) { add(event.error_class, event.message, event.row, event.rows); }
  void on(const RowUnreadable& event);

  /// The largest first.
  std::vector<Cause> all() const;
  /// Grows with every failure: tells whether there is something new.
  std::int64_t rows() const { return rows_; }

 private:
  void add(std::string_view error_class, std::string_view message, std::int64_t row, std::int64_t rows);

  const Redactor* redactor_;
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<Cause> causes_;
  std::string key_;
  std::int64_t rows_ = 0;
};

}  // namespace rowcall::telemetry
