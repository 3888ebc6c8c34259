// SPDX-License-Identifier: Apache-2.0
// Which class an attempt's outcome falls into, by status or transport error.
//
// What the body says is judged later, in src/mapping/, and only on answers the status calls a success.
#pragma once

#include <string>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/outcome.h"

#include "policy/status_list.h"

namespace rowcall::policy {

/// The rules of a job, compiled. Immutable.
class Classifier {
 public:
  /// Fails when a list has a form `StatusList` does not read; the error names the setting.
  static Result<Classifier> make(const ClassifySpec& spec);

  /// Lists are looked at in the order fatal, throttled, no_match, success, transient; what is in none of
  /// them is permanent. A transient 503 with Retry-After is throttled: the server asks for patience.
  OutcomeClass judge(const Reply& reply) const;

 private:
  StatusList fatal_;
  StatusList throttled_;
  StatusList no_match_;
  StatusList success_;
  StatusList transient_;
};

/// Why an attempt did not succeed, for people: "HTTP 503 Service Unavailable", "no answer in time: ...".
std::string why(const Reply& reply);

/// True when it is not known whether the API carried out the call, so that repeating it could do the work
/// twice: it may have left, and no whole answer came, or one which says that something broke on the way
/// (a 5xx). An answer that refuses the call settles its fate: 4xx, 501, 505, 503 with Retry-After.
bool fate_unknown(const Reply& reply);

}  // namespace rowcall::policy
