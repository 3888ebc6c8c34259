// SPDX-License-Identifier: Apache-2.0
// Keeping secrets out of jobs: what looks like one, and how it has to be written instead.
//
// A job names the place of a secret ("env:NAME", "file:PATH") and never holds its value, because a job is
// logged, frozen in the run directory and shared. No complaint of this file repeats a value.
#pragma once

#include <string>
#include <string_view>

#include "settings/complaint.h"

namespace rowcall::settings {

/// The form of a place, in words.
extern const char* const kSecretForm;

/// True when a header or query parameter of that name usually carries a secret: one of its words is, or
/// ends with, token, key, secret, password and the like ("X-Api-Key", "access_token", "apikey").
bool is_secret_name(std::string_view name);

/// True for "env:NAME" and "file:PATH".
bool is_secret_place(std::string_view text);

/// The NAME of "env:NAME", or "".
std::string_view environment_name(std::string_view place);

/// Wrong when `text` is not the place of a secret.
Verdict check_secret_place(std::string_view text);

/// Wrong when a header's value holds a secret in clear, or either half may not stand in a header. A value
/// that is a template and nothing else holds no secret of the job.
Verdict check_header(const std::string& name, std::string_view value);

/// Wrong when a query parameter's value holds a secret in clear.
Verdict check_query(const std::string& name, std::string_view value);

/// Wrong when `name` is no header name (RFC 9110, token).
Verdict check_header_name(std::string_view name);

/// Wrong when `text` has control characters, which would end a header line.
Verdict check_header_text(std::string_view text);

/// Wrong when `text` is not a path but, as it seems, the content of a key or certificate file.
Verdict check_path(std::string_view text);

}  // namespace rowcall::settings
