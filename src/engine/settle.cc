// SPDX-License-Identifier: Apache-2.0
// Endings: what becomes of the rows of a call that is over.
#include <utility>

#include "base/utf8.h"
#include "engine/run_state.h"
#include "policy/classify.h"

namespace rowcall::engine {

void Run::settle(HeldBatch* batch, mapping::RowSpan rows, CallEnd end, const std::vector<std::string>& keys) {
  if (end.stopped && !prepared_.requests.repeatable() && policy::fate_unknown(end.reply)) {
    end.error_class = "unknown_fate";
    fail_rows(batch, rows, end,
              "the run was stopped at once while this call was under way: it may have been carried out");
    return;
  }
  if (end.stopped) {
    end_rows(batch, rows, Ending::kSkipped);
    return;
  }
  switch (end.outcome) {
    case OutcomeClass::kSuccess: settle_answer(batch, rows, end, keys); break;
    case OutcomeClass::kNoMatch:
      prepared_.answers.note_call(end.reply, end.attempts, rows, batch->answers);
      end_rows(batch, rows, Ending::kNoMatch);
      break;
    case OutcomeClass::kFatal: suspect(batch, rows, std::move(end)); return;
    default: fail_rows(batch, rows, end, end.message); break;
  }
  // The API does its work for this job: what looked fatal was about single rows.
  bool living = end.outcome == OutcomeClass::kSuccess || end.outcome == OutcomeClass::kNoMatch ||
                end.outcome == OutcomeClass::kPermanent;
  if (living && !suspects_.empty()) clear_suspects();
}

void Run::settle_answer(HeldBatch* batch, mapping::RowSpan rows, CallEnd& end,
                        const std::vector<std::string>& keys) {
  cutter_.note_answer(end.reply.body.size(), rows.count);
  mapping::Mapped mapped = prepared_.answers.extract(end.reply.body, rows, keys, batch->answers);
  end.error_class = "permanent";
  if (!mapped.call_error.empty()) {
    fail_rows(batch, rows, end, mapped.call_error);
    return;
  }
  prepared_.answers.note_call(end.reply, end.attempts, rows, batch->answers);
  for (int i = 0; i < rows.count; ++i) {
    const std::string& error = mapped.row_errors[static_cast<std::size_t>(i)];
    mapping::RowSpan row{rows.first + i, 1};
    if (error.empty()) {
      note_shape(*batch, row.first);
      end_rows(batch, row, Ending::kOk);
    } else {
      fail_rows(batch, row, end, error);
    }
  }
}

// Only answers count: a row without a match is null everywhere, and rightly so.
void Run::note_shape(const HeldBatch& batch, std::int64_t index) {
  for (std::size_t c = 0; c < shape_.size(); ++c) {
    ++shape_[c].values;
    shape_[c].nulls += batch.answers.is_null(c, index);
  }
}

void Run::end_rows(HeldBatch* batch, mapping::RowSpan rows, Ending ending) {
  for (int i = 0; i < rows.count; ++i) {
    batch->end(rows.first + i, ending);
    if (ending != Ending::kSkipped) journal_.note_answer(*batch, rows.first + i, ending);
  }
  counts_[ending] += rows.count;
  window_.changed(batch);
  if (batch->complete()) changed_.raise();
}

void Run::fail_rows(HeldBatch* batch, mapping::RowSpan rows, const CallEnd& end, const std::string& message) {
  tell(RowsFailed{batch->number(rows.first), rows.count, end.error_class, message});
  for (int i = 0; i < rows.count; ++i) {
    std::int64_t index = rows.first + i;
    batch->answers.clear_row(index);
    batch->fail({index, end.error_class, end.reply.status, end.attempts, message,
                 excerpt(end.reply.body, kExcerptBytes)});
    journal_.note_failure(*batch, batch->failed.back());
  }
  counts_[Ending::kFailed] += rows.count;
  window_.changed(batch);
  if (batch->complete()) changed_.raise();
  check_error_caps();
}

void Run::note_unreadable(const HeldBatch& batch) {
  for (const UnreadableRow& row : batch.source.unreadable) tell(RowUnreadable{row, batch.source.file});
  counts_[Ending::kUnreadable] += static_cast<std::int64_t>(batch.source.unreadable.size());
  if (!batch.source.unreadable.empty()) check_error_caps();
}

void Run::suspect(HeldBatch* batch, mapping::RowSpan rows, CallEnd end) {
  // A wrong name or a wrong certificate, and no answer ever: no other row will fare better.
  bool hopeless = counts_.bytes_in == 0 && (end.reply.error == TransportError::kResolve ||
                                            end.reply.error == TransportError::kCertificate);
  suspects_.push_back({batch, rows, std::move(end)});
  int enough = hopeless ? 1 : job_.classify.fatal_after;
  if (static_cast<int>(suspects_.size()) < enough || gate_.stopping()) return;
  const CallEnd& last = suspects_.back().end;
  Error why{ErrorCode::kApi, "the API", last.message, "", ""};
  if (suspects_.size() > 1) why.found += " on " + std::to_string(suspects_.size()) + " calls in a row";
  if (last.reply.status == 401 || last.reply.status == 403) {
    why.mend = "Check the [auth] settings and what the key may do; then run again to go on.";
  } else if (last.reply.status == 402) {
    why.mend = "The account is out of credit; then run again to go on.";
  } else if (last.reply.error == TransportError::kResolve) {
    why.mend = "Check the host in request.url.";
  } else if (last.reply.error == TransportError::kCertificate) {
    why.mend = "Check request.url; a private authority goes into request.ca_file.";
  } else {
    why.mend = "Mend it, then run again to go on.";
  }
  stop(RunEnd::kStopped, std::move(why), /*at_once=*/false);
}

// Gives the suspects their ending: skipped when the run ends because of them, failed otherwise.
void Run::clear_suspects() {
  for (Suspect& suspect : std::exchange(suspects_, {})) {
    if (gate_.stopping()) {
      end_rows(suspect.batch, suspect.rows, Ending::kSkipped);
    } else {
      fail_rows(suspect.batch, suspect.rows, suspect.end, suspect.end.message);
    }
  }
}

void Run::check_error_caps() {
  constexpr std::int64_t kShareFrom = 200;  // a share of fewer rows says little
  if (gate_.stopping()) return;
  std::int64_t failed = counts_[Ending::kFailed] + counts_[Ending::kUnreadable];
  const LimitSpec& limits = job_.limits;
  bool many = limits.max_errors > 0 && failed >= limits.max_errors;
  bool large_share =
      limits.max_error_share > 0 && counts_.ended() >= kShareFrom &&
      static_cast<double>(failed) > limits.max_error_share * static_cast<double>(counts_.ended());
  if (!many && !large_share) return;
  // Rows of earlier sessions count, too: a cap that begins anew each time would not bound a job that is
  // started again and again by a machine.
  std::string found = std::to_string(failed) + " of " + std::to_string(counts_.ended()) + " rows failed";
  if (failed_before_ > 0) found += ", " + std::to_string(failed_before_) + " of them in earlier sessions";
  stop(RunEnd::kStopped,
       {ErrorCode::kApi, "limits.max_errors", std::move(found), "",
        "The failure table says why. Mend it and run again to go on; it stops at the next failed row "
        "unless the limit is raised, too."},
       /*at_once=*/false);
}

}  // namespace rowcall::engine
