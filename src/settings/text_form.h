// SPDX-License-Identifier: Apache-2.0
// The forms a text setting can have: what it should look like in words, and the check.
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "settings/complaint.h"

namespace rowcall::settings {

struct TextForm {
  const char* expects;
  Verdict (*check)(std::string_view) = nullptr;  ///< Null: every text will do.
};

extern const TextForm kAnyText;
extern const TextForm kLineText;   ///< One line, as in a header.
extern const TextForm kPathText;   ///< The path of a local file or folder.
extern const TextForm kTableText;  ///< A path or an s3:// URI.
extern const TextForm kUrlText;
extern const TextForm kEndpointText;
extern const TextForm kCoordinatorText;
extern const TextForm kPointerText;  ///< A JSON Pointer.
extern const TextForm kStatusText;   ///< A status list: "5XX,!501".
extern const TextForm kJobNameText;
extern const TextForm kHeaderNameText;
extern const TextForm kRegionText;

/// `text` turned into a job name: characters it cannot have become "-"; "" when nothing is left.
std::string job_name_from(std::string_view text);

}  // namespace rowcall::settings
