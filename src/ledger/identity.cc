// SPDX-License-Identifier: Apache-2.0
#include "ledger/identity.h"

#include <random>

#include "base/uuid.h"

namespace rowcall::ledger {
namespace {

constexpr int kShown = 5;  // files of which it is said what has changed

std::string file_change(const SourceFile& before, const SourceFile& now) {
  if (before.name != now.name) return "\"" + before.name + "\" is now \"" + now.name + "\"";
  if (before.bytes != now.bytes) {
    return before.name + " had " + std::to_string(before.bytes) + " bytes and has " +
           std::to_string(now.bytes);
  }
  if (before.version != now.version) return before.name + " was written anew";
  return "";
}

}  // namespace

std::string new_run_id() {
  std::random_device device;
  Uuid uuid;
  for (auto& byte : uuid) byte = static_cast<unsigned char>(device());
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0f) | 0x40);
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3f) | 0x80);
  std::string text;
  append_uuid(text, uuid);
  return text;
}

std::string source_change(const std::vector<SourceFile>& before, const std::vector<SourceFile>& now) {
  std::string changes;
  int found = 0;
  auto say = [&](const std::string& change) {
    if (change.empty() || ++found > kShown) return;
    if (!changes.empty()) changes += "\n";
    changes += change;
  };
  if (before.size() != now.size()) {
    say("there were " + std::to_string(before.size()) + " files and there are " + std::to_string(now.size()));
  }
  for (std::size_t i = 0; i < before.size() && i < now.size(); ++i) say(file_change(before[i], now[i]));
  if (found > kShown) changes += "\nand " + std::to_string(found - kShown) + " more";
  return changes;
}

}  // namespace rowcall::ledger
