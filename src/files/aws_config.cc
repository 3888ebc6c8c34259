// SPDX-License-Identifier: Apache-2.0
#include "files/aws_config.h"

#include "base/parse.h"

namespace rowcall::files {

std::string profile_region(std::string_view config, std::string_view profile) {
  std::string wanted = profile == "default" ? "[default]" : "[profile " + std::string(profile) + "]";
  bool in_profile = false;
  for (std::string_view line : split(config, '\n')) {
    if (line.starts_with('[')) {
      in_profile = line == wanted;
      continue;
    }
    std::size_t equals = line.find('=');
    if (!in_profile || equals == std::string_view::npos || trimmed(line.substr(0, equals)) != "region")
      continue;
    return std::string(trimmed(line.substr(equals + 1)));
  }
  return {};
}

}  // namespace rowcall::files
