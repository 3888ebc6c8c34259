// SPDX-License-Identifier: Apache-2.0
// Made-up customers: the rows of `rowcall generate`.
//
// A customer is a function of the seed and its number, so the same seed gives the same table in any format,
// and any part of it can be made by itself. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rowcall::files {

/// Some 150 bytes as a line of CSV.
struct Customer {
  std::int64_t id = 0;
  std::string email;
  std::string name;  ///< Now and then with a comma, quotes, or letters beyond ASCII.
  std::int64_t amount_cents = 0;
  std::int64_t signup = 0;  ///< Seconds since 1970.
  bool active = false;
  std::string_view country;  ///< Two letters.
  std::string note;          ///< About nine words.
};

/// What is wrong with a record that is broken on purpose.
enum class Breakage {
  kNone,
  kTooFewFields,   ///< CSV
  kTooManyFields,  ///< CSV
  kBadNumber,      ///< CSV: text in `amount`
  kCutOff,         ///< NDJSON: the line ends in the middle
  kNoObject,       ///< NDJSON: a line that is no JSON
  kBadUtf8,        ///< Every format: a byte in `note` that is in no UTF-8 text
};

class Customers {
 public:
  /// `error_rate` is the share of broken records.
  Customers(std::uint64_t seed, double error_rate) : seed_(seed), error_rate_(error_rate) {}

  /// The customer with that number, from 0. Reuses the texts of `customer`.
  void make(std::int64_t number, Customer& customer) const;

  bool is_broken(std::int64_t number) const;
  /// What is wrong with that record. Numbers are left alone in the first records, from which readers find
  /// out what types the columns have.
  Breakage in_csv(std::int64_t number) const;
  Breakage in_ndjson(std::int64_t number) const;

 private:
  std::uint64_t dice(std::int64_t number, std::uint64_t use) const;

  std::uint64_t seed_;
  double error_rate_;
};

inline constexpr std::string_view kCustomerCsvHeader =
    "customer_id,email,name,amount,signup,active,country,note\n";

/// One line each, with its end.
void append_csv(std::string& out, const Customer& customer, Breakage breakage);
void append_ndjson(std::string& out, const Customer& customer, Breakage breakage);
/// The same text with a byte that no UTF-8 text has, in the middle.
std::string with_bad_utf8(std::string_view text);

}  // namespace rowcall::files
