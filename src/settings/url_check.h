// SPDX-License-Identifier: Apache-2.0
// What is wrong with a URL, before anything connects to it.
//
// Complaints never repeat user information or the query, where secrets stand.
#pragma once

#include <string_view>

#include "settings/complaint.h"

namespace rowcall::settings {

/// Wrong unless `url` is http:// or https:// with a host, a port from 1 to 65535 if any, no user
/// information, no fragment, no blanks, no secret in clear in its query, and no template marker in front
/// of the path: where calls go must be known before the first row is read.
Verdict check_url(std::string_view url);

/// The same, and neither path markers nor a query: an endpoint of an object store.
Verdict check_endpoint(std::string_view url);

/// Wrong when an s3:// URI has no bucket, user information (keys), or characters no bucket has. Other
/// texts are paths, and right.
Verdict check_table_path(std::string_view path);

}  // namespace rowcall::settings
