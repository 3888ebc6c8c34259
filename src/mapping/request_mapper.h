// SPDX-License-Identifier: Apache-2.0
// Rows -> request: templates compiled once against the source's columns, filled in for every call.
//
// Belongs to the thread that renders. The endpoint and the requests hold secrets; `shown` does not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/request.h"

#include "base/uuid.h"
#include "mapping/text_template.h"
#include "table/row_reader.h"

namespace rowcall::mapping {

class RequestMapper {
 public:
  /// Fetches the secrets and compiles the templates. `run_id` names the run: with the row's number it
  /// makes the Idempotency-Key, the same over attempts, resumes and retries; for several rows in a call, with
  /// their number too, since another set of rows is another call.
  static Result<RequestMapper> make(const Job& job, const table::RowReader& reader,
                                    const std::string& run_id);

  const Endpoint& endpoint() const { return endpoint_; }

  /// The request for `count` rows of the batch the reader looks at, from `row` on. `number` is the first
  /// row's number over the whole source. Fails when a value cannot stand where the template puts it.
  Result<Request> render(const table::RowReader& reader, std::int64_t row, int count,
                         std::int64_t number) const;

  /// The request for the health URL, with this job's headers and credentials, as a GET. Fails when it is on
  /// another host.
  Result<Request> health(const RequestSpec& spec) const;

  /// The values by which answers find their rows (ResponseSpec::match_column); empty when by position.
  std::vector<std::string> match_keys(const table::RowReader& reader, std::int64_t row, int count) const;

  /// The request as text for people, secrets masked.
  std::string shown(const Request& request) const;

  /// True when the method or the job allows a call to be sent again although it may have been carried out.
  bool repeatable() const { return repeatable_; }
  /// All secret values that were fetched, for masking them elsewhere.
  const std::vector<std::string>& secrets() const { return secrets_; }

 private:
  Result<void> make_endpoint(const Job& job);
  Result<void> make_target(const Job& job, const table::RowReader& reader);
  Result<void> make_headers(const Job& job, const table::RowReader& reader);
  Result<void> make_auth(const AuthSpec& auth);
  Result<void> make_body(const Job& job, const table::RowReader& reader);
  Result<void> make_weight(const LimitSpec& limits, const table::RowReader& reader);
  Result<std::int64_t> weight_of(const table::RowReader& reader, std::int64_t row, int count) const;
  Result<std::string> secret(const SecretRef& reference, std::string_view setting);
  void add_fixed_header(std::string_view name, std::string_view value, bool secret);
  void append_key(std::string& out, std::int64_t number, int count) const;
  void append_body(std::string& out, const table::RowReader& reader, std::int64_t row, int count) const;

  Endpoint endpoint_;
  std::string shown_headers_;  // the fixed headers, masked
  std::string authority_;
  std::vector<TextTemplate> target_parts_;  // path, then each query entry with its "?name="
  std::string secret_query_;                // "api_key=..." or empty
  std::string secret_query_shown_;
  std::vector<std::pair<std::string, TextTemplate>> headers_;
  TextTemplate row_object_;
  TextTemplate body_;
  bool has_body_ = true;
  bool body_is_json_ = true;
  bool body_is_template_ = false;
  bool many_rows_ = false;
  bool send_keys_ = false;
  bool repeatable_ = true;
  Uuid key_space_{};
  int match_column_ = -1;
  std::int64_t weight_ = 1;
  int weight_column_ = -1;
  RateLimit smallest_limit_{};  // of those that weights count against; no calls: none
  std::vector<std::string> secrets_;
};

}  // namespace rowcall::mapping
