// SPDX-License-Identifier: Apache-2.0
// The Arrow C data and stream interfaces, and owners for their structures.
//
// The three structures below are the published, stable ABI of Apache Arrow; their guards are the ones
// the specification prescribes, so that any other copy of the ABI in the same file agrees with this one.
// Nothing here needs an Arrow library.
//
// Threads: an owner belongs to one thread at a time; it may be moved from one to another.
#pragma once

#include <cstdint>
#include <utility>

extern "C" {

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif  // ARROW_C_STREAM_INTERFACE

}  // extern "C"

namespace rowcall {

/// Sole owner of one Arrow C structure: releases it exactly once.
///
/// `S` is ArrowSchema, ArrowArray or ArrowArrayStream. A default-made owner holds nothing. The moved-from
/// owner holds nothing. All three structures may be moved by copying their bytes, as the ABI states.
template <class S>
class Owned {
 public:
  Owned() = default;
  /// Takes over `*from`, which is marked as released.
  explicit Owned(S* from) : held_(*from) { from->release = nullptr; }
  Owned(Owned&& other) noexcept : held_(std::exchange(other.held_, S{})) {}
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) {
      reset();
      held_ = std::exchange(other.held_, S{});
    }
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { reset(); }

  /// True when something is held.
  explicit operator bool() const { return held_.release != nullptr; }
  S* get() { return &held_; }
  const S* get() const { return &held_; }
  S* operator->() { return &held_; }
  const S* operator->() const { return &held_; }

  /// An empty place for a C function to write into; what was held is released first.
  S* fill() {
    reset();
    return &held_;
  }
  /// Gives the structure away to `*to`; this owner holds nothing afterwards.
  void move_to(S* to) { *to = std::exchange(held_, S{}); }
  void reset() {
    if (held_.release != nullptr) held_.release(&held_);
    held_ = S{};
  }

 private:
  S held_{};
};

using OwnedSchema = Owned<ArrowSchema>;
using OwnedArray = Owned<ArrowArray>;
using OwnedStream = Owned<ArrowArrayStream>;

}  // namespace rowcall
