// SPDX-License-Identifier: Apache-2.0
#include "files/byte_stream.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/buffered.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/disk.h"
#include "base/try.h"
#include "table/calendar.h"

namespace rowcall::files {
namespace {

// Of objects, a request each: the first is enough for a look at the header, the others for the rest.
constexpr std::int64_t kFirstLook = 256 << 10;
constexpr std::int64_t kReadAhead = 4 << 20;
constexpr std::size_t kPackedBuffer = 256 << 10;  // of packed bytes

std::string time_text(const timespec& time) {
  std::string text;
  table::append_timestamp(text, time.tv_sec * 1'000'000'000LL + time.tv_nsec, 1'000'000'000, true);
  return text;
}

// An open local file, closed when this goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

Result<std::string> etag_in(arrow::io::InputStream& file, const Place& place) {
  auto metadata = file.ReadMetadata();
  if (!metadata.ok()) return failure(storage_error(metadata.status(), place, "open"));
  if (*metadata == nullptr) return std::string();
  return (*metadata)->Get("ETag").ValueOr("");
}

}  // namespace

// The file's own bytes, and how they are unpacked.
struct ByteStream::State {
  ListedFile file;
  S3Spec s3;
  Descriptor local;
  std::shared_ptr<arrow::io::RandomAccessFile> object;
  std::shared_ptr<arrow::io::BufferedInputStream> object_stream;
  std::string version;  // as it was when opened; "" when nothing can be compared
  std::int64_t taken = 0;
  bool checked = false;

  std::unique_ptr<arrow::util::Codec> codec;
  std::shared_ptr<arrow::util::Decompressor> unpacker;
  std::vector<char> packed;
  std::size_t packed_at = 0;
  std::size_t packed_end = 0;
  bool pending = false;  // the unpacker has more without more input
  bool inside = false;   // something of the current packed stream has been taken

  Result<void> open_local(std::int64_t offset);
  Result<void> open_object(std::int64_t offset);
  Result<void> start_unpacking();
  Result<std::size_t> read_file(char* into, std::size_t size);
  Result<std::size_t> read_object(char* into, std::size_t size);
  Result<std::size_t> unpack(char* into, std::size_t size);
  Result<bool> fill_packed();
  Result<void> skip_padding();
  Result<void> check_unchanged();
  Error broken_packing(const std::string& found) const;
};

Result<void> ByteStream::State::open_local(std::int64_t offset) {
  if (file.standard_input) {
    local = Descriptor(STDIN_FILENO);
    return {};
  }
  const std::string& path = file.place.path;
  local = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (local.get() < 0) return failure(disk_error(path, "open", errno));
  if (!file.seekable) return {};
  struct stat now{};
  if (::fstat(local.get(), &now) != 0) return failure(disk_error(path, "look at", errno));
  version = time_text(now.st_mtim);
  if (file.modified != version || file.bytes != now.st_size) return failure(changed_error(file.place));
  if (offset > 0 && ::lseek(local.get(), offset, SEEK_SET) < 0)
    return failure(disk_error(path, "seek in", errno));
  // The kernel reads ahead further for a file that is read from front to back.
  static_cast<void>(::posix_fadvise(local.get(), 0, 0, POSIX_FADV_SEQUENTIAL));
  return {};
}

Result<void> ByteStream::State::open_object(std::int64_t offset) {
  TRY(auto system, file_system(file.place, s3));
  auto opened = system->OpenInputFile(file.place.path);
  if (!opened.ok()) return failure(storage_error(opened.status(), file.place, "open"));
  object = *opened;
  TRY(version, etag_in(*object, file.place));
  if (!file.etag.empty() && file.etag != version) return failure(changed_error(file.place));
  auto size = object->GetSize();
  if (!size.ok()) return failure(storage_error(size.status(), file.place, "open"));
  offset = std::min(offset, *size);
  auto stream = arrow::io::RandomAccessFile::GetStream(object, offset, *size - offset);
  if (!stream.ok()) return failure(storage_error(stream.status(), file.place, "open"));
  auto ahead = arrow::io::BufferedInputStream::Create(kFirstLook, arrow::default_memory_pool(), *stream);
  if (!ahead.ok()) return failure(storage_error(ahead.status(), file.place, "open"));
  object_stream = *ahead;
  return {};
}

Result<void> ByteStream::State::start_unpacking() {
  auto type = file.compression == Compression::kGzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
  auto made = arrow::util::Codec::Create(type);
  if (!made.ok()) return failure(broken_packing(made.status().message()));
  codec = *std::move(made);
  auto decompressor = codec->MakeDecompressor();
  if (!decompressor.ok()) return failure(broken_packing(decompressor.status().message()));
  unpacker = *decompressor;
  packed.resize(kPackedBuffer);
  return {};
}

Result<std::size_t> ByteStream::State::read_object(char* into, std::size_t size) {
  if (taken >= kFirstLook && object_stream->buffer_size() < kReadAhead) {
    if (auto set = object_stream->SetBufferSize(kReadAhead); !set.ok()) {
      return failure(storage_error(set, file.place, "read"));
    }
  }
  auto got = object_stream->Read(static_cast<std::int64_t>(size), into);
  if (got.ok()) return static_cast<std::size_t>(*got);
  // A shorter replacement ends in a range error, a deleted object in "not found": say what really happened.
  if (auto now = etag_of(file.place, s3); now && *now != version) return failure(changed_error(file.place));
  return failure(storage_error(got.status(), file.place, "read"));
}

// Some of the file's own bytes; 0 at its end.
Result<std::size_t> ByteStream::State::read_file(char* into, std::size_t size) {
  std::size_t got = 0;
  if (object_stream) {
    TRY(got, read_object(into, size));
  } else {
    ssize_t n = 0;
    do {
      n = ::read(local.get(), into, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return failure(disk_error(file.place.shown, "read", errno));
    got = static_cast<std::size_t>(n);
  }
  taken += static_cast<std::int64_t>(got);
  if (got == 0) TRY_VOID(check_unchanged());
  return got;
}

Result<void> ByteStream::State::check_unchanged() {
  if (version.empty() || std::exchange(checked, true)) return {};
  std::string now;
  if (object_stream) {
    TRY(now, etag_of(file.place, s3));
  } else {
    now = modified_text(file.place.path);
  }
  if (now != version) return failure(changed_error(file.place));
  return {};
}

Error ByteStream::State::broken_packing(const std::string& found) const {
  return {ErrorCode::kInput, file.place.shown, found,
          std::string("a whole ") + name_of(file.compression) + " file",
          "The file is damaged or was cut off; rows up to here were read."};
}

// True when there is packed input, false at the end of the file.
Result<bool> ByteStream::State::fill_packed() {
  if (packed_at < packed_end) return true;
  TRY(packed_end, read_file(packed.data(), packed.size()));
  packed_at = 0;
  return packed_end > 0;
}

// Zeros behind a gzip stream are padding (tapes, block devices); anything else is another stream.
Result<void> ByteStream::State::skip_padding() {
  if (file.compression != Compression::kGzip) return {};
  for (;;) {
    TRY(bool more, fill_packed());
    if (!more || packed[packed_at] != 0) return {};
    ++packed_at;
  }
}

Result<std::size_t> ByteStream::State::unpack(char* into, std::size_t size) {
  for (;;) {
    if (!pending) {
      if (inside && unpacker->IsFinished()) {
        inside = false;
        TRY_VOID(skip_padding());
        if (auto reset = unpacker->Reset(); !reset.ok()) return failure(broken_packing(reset.message()));
      }
      TRY(bool more, fill_packed());
      if (!more) {
        if (inside) return failure(broken_packing("the file ends inside its compressed data"));
        return 0;
      }
    }
    inside = true;
    auto done = unpacker->Decompress(static_cast<std::int64_t>(packed_end - packed_at),
                                     reinterpret_cast<const std::uint8_t*>(packed.data() + packed_at),
                                     static_cast<std::int64_t>(size), reinterpret_cast<std::uint8_t*>(into));
    if (!done.ok()) return failure(broken_packing(done.status().message()));
    packed_at += static_cast<std::size_t>(done->bytes_read);
    pending = done->need_more_output && !unpacker->IsFinished();
    if (done->bytes_written > 0) return static_cast<std::size_t>(done->bytes_written);
    if (done->bytes_read == 0 && pending) return failure(broken_packing("the compressed data goes nowhere"));
  }
}

ByteStream::ByteStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream& ByteStream::operator=(ByteStream&&) noexcept = default;
ByteStream::~ByteStream() = default;

Result<ByteStream> ByteStream::open(const ListedFile& file, const S3Spec& s3, std::int64_t offset) {
  auto state = std::make_unique<State>();
  state->file = file;
  state->s3 = s3;
  bool packed = file.compression != Compression::kNone;
  std::int64_t seek_to = packed || !file.seekable ? 0 : offset;
  TRY_VOID(file.place.s3 ? state->open_object(seek_to) : state->open_local(seek_to));
  if (packed) TRY_VOID(state->start_unpacking());
  ByteStream stream(std::move(state));
  std::vector<char> passed(seek_to < offset ? kPackedBuffer : 0);
  for (std::int64_t at = seek_to; at < offset;) {
    auto want = std::min(passed.size(), static_cast<std::size_t>(offset - at));
    TRY(std::size_t got, stream.read(passed.data(), want));
    if (got == 0) return failure(changed_error(file.place));
    at += static_cast<std::int64_t>(got);
  }
  return stream;
}

Result<std::size_t> ByteStream::read(char* into, std::size_t size) {
  return state_->unpacker ? state_->unpack(into, size) : state_->read_file(into, size);
}

std::int64_t ByteStream::file_bytes() const {
  return state_->taken - static_cast<std::int64_t>(state_->packed_end - state_->packed_at);
}

Error changed_error(const Place& place) {
  return {ErrorCode::kChanged, place.shown, "was written anew while it was read",
          "a file that stays as it is",
          "Rows may be from both; run again from a copy that nobody writes to."};
}

Result<std::string> etag_of(const Place& place, const S3Spec& s3) {
  TRY(auto system, file_system(place, s3));
  auto opened = system->OpenInputFile(place.path);
  if (!opened.ok()) return failure(storage_error(opened.status(), place, "look at"));
  return etag_in(**opened, place);
}

std::string modified_text(const std::string& path) {
  struct stat now{};
  return ::stat(path.c_str(), &now) == 0 ? time_text(now.st_mtim) : std::string();
}

}  // namespace rowcall::files
