// SPDX-License-Identifier: Apache-2.0
// Which rows came, how often, with which body, and how often each was answered: what tells a call made
// twice from two calls.
//
// A row is known by a 64-bit hash; 16 bytes and the table's slack are held for each (23 to 36 measured). The
// table is cut in 256, because one that doubles at a stroke would hold up the server for tens of
// milliseconds, and the auditor's stamps with it.
//
// Plain state; any one thread.
#pragma once

#include <array>
#include <cstdint>

#include <boost/unordered/unordered_flat_map.hpp>

namespace rowcall::mockapi {

/// Counts over all rows seen.
struct RowCounts {
  std::int64_t unique = 0;          ///< Rows told apart.
  std::int64_t arrived_twice = 0;   ///< Of these, the rows that came more than once.
  std::int64_t answered = 0;        ///< Rows answered whole with 200.
  std::int64_t answered_twice = 0;  ///< Of these, the rows answered so more than once: paid for twice.
  std::int64_t not_tracked = 0;     ///< Arrivals of new rows that came when the book was full.
};

class RowBook {
 public:
  explicit RowBook(std::size_t rows_max) : rows_max_(rows_max) {}

  /// What was known of a row before this arrival.
  struct Before {
    std::uint32_t arrivals = 0;
    bool other_body = false;  ///< It first came with another body.
  };
  /// A row came; `body` is a hash of what it came with. In a full book every new row is new each time.
  Before arrived(std::uint64_t row, std::uint64_t body);
  /// A row got its answer.
  void answered(std::uint64_t row);
  const RowCounts& counts() const { return counts_; }

 private:
  struct Entry {
    std::uint32_t arrivals;
    std::uint32_t body_mark : 30;
    std::uint32_t answers : 2;  ///< 0, 1, or 2 for more.
  };
  struct Identity {
    using is_avalanching = void;  // The keys are hashes already.
    std::size_t operator()(std::uint64_t row) const { return row; }
  };
  using Shard = boost::unordered_flat_map<std::uint64_t, Entry, Identity>;
  // The table takes its own bits from the low end and the high end of the hash; these are from the middle.
  Shard& shard_of(std::uint64_t row) { return shards_[(row >> 28) % shards_.size()]; }

  std::size_t rows_max_;
  std::array<Shard, 256> shards_;
  RowCounts counts_;
};

}  // namespace rowcall::mockapi
