// SPDX-License-Identifier: Apache-2.0
#include "engine/commit_notes.h"

namespace rowcall::engine {

bool CommitNotes::take_up(const Commit& ahead) {
  if (ahead.part.rows > 0 || ahead.counts.rows > last_.counts.rows) return false;
  carried_ = ahead.unanswered;
  return true;
}

std::optional<CommitNote> CommitNotes::of(const Commit& commit) {
  last_ = commit;
  last_.unanswered.insert(last_.unanswered.end(), carried_.begin(), carried_.end());
  bool ahead = commit.part.rows == 0;
  if (ahead && last_.unanswered.empty()) return std::nullopt;
  if (!ahead) carried_.clear();
  return CommitNote{static_cast<std::size_t>(ahead ? commit.parts : commit.parts - 1), last_};
}

}  // namespace rowcall::engine
