// SPDX-License-Identifier: Apache-2.0
// Which notes the commits of a run leave beside its parts, so that the parts alone tell where it goes on.
//
// Each part has a note. Rows that have failed since the last part are in the note of the next one; until that
// is there, in a note ahead of the parts, which has no rows. `Recovery` reads them.
//
// Pure; one thread at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "rowcall/journal.h"

namespace rowcall::engine {

struct CommitNote {
  std::size_t part = 0;  ///< The number of the part, from 0; of one that is still to come, if it has no rows.
  Commit commit;
};

class CommitNotes {
 public:
  explicit CommitNotes(Commit resume) : last_(std::move(resume)) {}

  /// The note ahead of the parts that an earlier session has left. False when it must go, since the ledger
  /// knows nothing of it yet: its rows end once more.
  bool take_up(const Commit& ahead);
  /// What is to be noted of a commit, before the ledger marks it, if anything.
  std::optional<CommitNote> of(const Commit& commit);
  /// The last commit.
  const Commit& last() const { return last_; }

 private:
  Commit last_;
  std::vector<Unanswered> carried_;  // by an earlier session, and in no part's note yet
};

}  // namespace rowcall::engine
