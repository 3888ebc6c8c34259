// SPDX-License-Identifier: Apache-2.0
// The mock API without its network: a call comes in, the bytes of its answer and the time they are due go
// out, and everything is counted.
//
// The paths /health, /stats and /reset are for the operator and count as nothing. Every other path is the
// scored call. A row is known by its call's Idempotency-Key if there is one, else by method, target and body;
// the rows of an array by that and their place in it.
//
// "Answered" is counted when the answer is decided, whether or not the caller is still there to read it: the
// work is done and would be charged.
//
// Plain state, time is an argument; any one thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "mockapi/answers.h"
#include "mockapi/auditor.h"
#include "mockapi/behaviour.h"
#include "mockapi/call.h"
#include "mockapi/call_rows.h"
#include "mockapi/clocks.h"
#include "mockapi/options.h"
#include "mockapi/row_book.h"
#include "mockapi/stats.h"

namespace rowcall::mockapi {

/// What the server is to do with a call.
struct Answer {
  enum class Way {
    kSend,   ///< Send `bytes` when due.
    kReset,  ///< Reset the connection when due.
    kHang,   ///< Never answer; leave the connection open.
  };
  Way way = Way::kSend;
  std::string bytes;
  Instant due{};
  bool close = false;    ///< Close the connection afterwards.
  bool counted = false;  ///< A scored call, in flight until it is answered.
};

class Api {
 public:
  Api(const MockOptions& options, const Moment& started);

  /// A complete request arrived. `traffic` is shown by /stats, and its maxima and sums are cleared by /reset.
  Answer take(const Call& call, Instant at, Traffic& traffic);
  /// The answer to a request that is not one: the connection is to be closed after it.
  std::string complaint(int status, std::string_view reason, Instant now);

  Stats stats(const Traffic& traffic);
  /// As freshly started: nothing has arrived, no row came before, outages begin anew.
  void reset(Traffic& traffic);
  void change(const Behaviour& behaviour);
  const Judge& judge() const { return judge_; }
  /// False when calls shall be written to a file that cannot be opened.
  bool calls_file_is_good() const { return options_.calls_file.empty() || calls_file_; }

 private:
  struct Seen {
    std::uint64_t identity;
    std::uint32_t earlier;
  };
  Answer operate(const Call& call, std::string_view path, Instant at, Traffic& traffic);
  Answer score(const Call& call, Instant at);
  void begin_script();
  void play(Instant at);
  void log_call(const Decision& decision, Instant at);
  Seen enter_rows(const Call& call);
  std::uint64_t row_hash(std::uint64_t identity, std::size_t index) const;
  void count(const Decision& decision, std::uint64_t identity);
  Duration since_1970(Instant at) const { return started_.since_1970 + (at - started_.steady); }
  Head head_for(const Call& call, int status, Instant now);

  MockOptions options_;
  Moment started_;
  std::string expected_authorization_;
  Judge judge_;
  Behaviour played_;  ///< As the script has made it so far.
  std::size_t steps_played_ = 0;
  std::optional<Instant> first_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> calls_file_;
  Auditor auditor_;
  RowBook rows_book_;
  CallRows rows_;
  std::string json_;  ///< Scratch for a body, kept for its memory.
  std::string date_;
  std::int64_t date_unix_s_ = -1;

  std::array<std::int64_t, 600> by_status_{};
  std::int64_t resets_ = 0;
  std::int64_t hangs_ = 0;
  std::int64_t outage_calls_ = 0;
  std::map<std::string, std::int64_t> injected_;
  std::int64_t calls_with_key_ = 0;
  std::int64_t key_violations_ = 0;
};

}  // namespace rowcall::mockapi
