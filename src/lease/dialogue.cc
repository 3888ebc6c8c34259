// SPDX-License-Identifier: Apache-2.0
#include "lease/dialogue.h"

namespace rowcall::lease {

Dialogue dialogue_with(const settings::CoordinatorUrl& url, const std::string& secret,
                       const std::vector<policy::LeaseTerms>& terms) {
  if (!url.redis) return CoordinatorDialogue(secret, url.shown());
  return RedisDialogue(url, url.password.empty() ? secret : url.password, terms);
}

}  // namespace rowcall::lease
