// SPDX-License-Identifier: Apache-2.0
// One request as far as the mock API cares about it. Filled by RequestReader, read by Api.
#pragma once

#include <string>

namespace rowcall::mockapi {

struct Call {
  std::string method;
  std::string target;           ///< Path and query, as sent.
  std::string body;             ///< Without chunk marks.
  std::string idempotency_key;  ///< Empty: none.
  std::string authorization;    ///< Never printed.
  bool json = false;            ///< The content type says so.
  bool keep_alive = true;       ///< By version and Connection header.
  bool http_1_0 = false;
  bool expects_continue = false;
};

}  // namespace rowcall::mockapi
