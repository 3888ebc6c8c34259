// SPDX-License-Identifier: Apache-2.0
// What a failed operation says: the place, what was found, what was expected, and how to mend it.
//
// Three kinds of trouble are kept apart in rowcall. What comes of an HTTP attempt is a value
// (outcome.h). An operation that cannot be done is an `Error` inside a `Result`. A bug is an
// assertion (src/base/assert.h). Nothing of ours throws.
//
// Plain data: copy it, move it, hand it to any thread.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace rowcall {

/// What kind of operation failed. Hosts turn it into an exit code or an exception type.
enum class ErrorCode {
  kSetting,     ///< A flag, a key of the job file or an environment variable is wrong.
  kInput,       ///< The source cannot be read as the table it should be.
  kNotFound,    ///< A file, bucket, key, run or column does not exist.
  kDenied,      ///< Credentials are missing, wrong or not sufficient.
  kNetwork,     ///< The API or the object store cannot be reached.
  kStorage,     ///< Writing failed: disk full, no permission, upload broken.
  kChanged,     ///< Something changed under the run (an object replaced while it was read).
  kStopped,     ///< The run was stopped before its end, and can go on.
  kApi,         ///< The API refuses the run as a whole (fatal answers, failure cap reached).
  kAccounting,  ///< The counts do not add up. Always a bug of ours; never ignored.
  kInternal,    ///< An unexpected error, with its origin in the text.
};

/// The short name used in logs and summaries, such as "setting".
const char* name_of(ErrorCode code);

/// Why an operation failed. Every field but `found` may be empty.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string place;     ///< Where: a file and line, a key of the job file, a URL without secrets.
  std::string found;     ///< What was found there.
  std::string expected;  ///< What should have been there.
  std::string mend;      ///< What the user can do about it.

  /// One paragraph for people: "PLACE: FOUND; expected EXPECTED. MEND".
  std::string text() const;
};

/// A value, or why there is none.
template <class T>
using Result = std::expected<T, Error>;

/// Shorthand for returning an error from a function that returns a `Result`.
inline std::unexpected<Error> failure(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace rowcall
