// SPDX-License-Identifier: Apache-2.0
#include "settings/places.h"

#include "base/try.h"

namespace rowcall::settings {

std::string Places::of(std::string_view key) const {
  auto found = by_key.find(key);
  return found == by_key.end() ? std::string(key) : found->second;
}

Result<void> put(Job& job, Places& places, const Target& target, const Value& value, const Place& place) {
  TRY_VOID(apply(job, target, value, place));
  const std::string& key = target.setting->key;
  places.by_key[key] = place.of(key, {}, value.line);
  if (!target.entry.empty()) {
    places.by_key[key + "." + target.entry] = place.of(key, target.entry, value.line);
  } else if (value.table() != nullptr) {
    for (const Entry& entry : *value.table()) {
      places.by_key[key + "." + entry.name] = place.of(key, entry.name, entry.value.line);
    }
  }
  return {};
}

}  // namespace rowcall::settings
