// SPDX-License-Identifier: Apache-2.0
// A folder of parts is gone on with by its notes alone, whatever was interrupted.
#include "files/part_notes.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "files/files.h"
#include "files/found_parts.h"
#include "files/sinks_for_tests.h"

namespace rowcall::files {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const WallTime kNoted{std::chrono::sys_days(std::chrono::year(2026) / 3 / 1)};

class PartNotesTest : public testing::Test {
 protected:
  SinkSpec spec(bool overwrite = false) const {
    SinkSpec spec;
    spec.path = folder_.text("out/");
    spec.format = FileFormat::kCsv;
    spec.overwrite = overwrite;
    return spec;
  }
  static ledger::Identity identity(const std::string& run_id = "run-1") {
    return {run_id, "job text", {{"in.csv", 100, "etag"}}};
  }
  FoundParts found() const {
    auto parts = find_parts(spec(), {});
    EXPECT_TRUE(parts) << parts.error().text();
    EXPECT_TRUE(parts->has_value());
    return **std::move(parts);
  }
  void write_old_table();

  TestFolder folder_;
};

// A run that writes parts of two rows, as host and engine drive its sink.
class Writing {
 public:
  Writing(const SinkSpec& spec, const fs::path& staging, const Commit& resume,
          const ledger::Identity& identity)
      : notes_(identity, staging, resume), commit_(resume) {
    auto opened = open_sink(spec, {}, staging, &notes_);
    EXPECT_TRUE(opened) << opened.error().text();
    sink_ = *std::move(opened);
  }

  Result<void> open() { return sink_->open(exported(*numbered_schema()), commit_.parts); }
  Result<void> write_part() {
    auto written = sink_->write(exported(*numbered(commit_.next.row, 2)));
    if (!written) return written;
    auto part = sink_->publish();
    if (!part) return std::unexpected(part.error());
    commit_.part = *part;
    ++commit_.parts;
    return note(Ending::kOk, 2);
  }
  Result<void> fail_rows(std::int64_t count) {
    commit_.part = {};
    commit_.unanswered.push_back(
        {"permanent", 422, 1, "no \"such\" row", {{commit_.next.row, commit_.next.row + count}}});
    return note(Ending::kFailed, count);
  }
  Result<void> finish() { return sink_->finish(commit_.counts[Ending::kOk]); }
  const Commit& commit() const { return commit_; }

 private:
  Result<void> note(Ending ending, std::int64_t count) {
    commit_.next.row += count;
    commit_.next.byte_offset = commit_.next.row * 10;
    commit_.counts[ending] += count;
    commit_.counts.rows += count;
    auto noted = notes_.put(commit_, kNoted);
    if (commit_.part.rows > 0) commit_.unanswered.clear();
    return noted;
  }

  PartNotes notes_;
  std::unique_ptr<TableSink> sink_;
  Commit commit_;
};

// A whole table of three parts, by another run.
void PartNotesTest::write_old_table() {
  Writing old(spec(), folder_ / "old", {}, identity("old"));
  ASSERT_TRUE(old.open());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(old.write_part());
  ASSERT_TRUE(old.finish());
}

TEST_F(PartNotesTest, SayWhereARunGoesOn) {
  Writing writing(spec(), folder_ / "a", {}, identity());
  ASSERT_TRUE(writing.open());
  ASSERT_TRUE(writing.write_part());
  ASSERT_TRUE(writing.fail_rows(3));
  ASSERT_TRUE(writing.write_part());
  EXPECT_THAT(folder_.files("out"),
              ElementsAre("_lock", "_manifest.json", "_rowcall/part-00000.json", "_rowcall/part-00001.json",
                          "_rowcall/run.json", "part-00000.csv", "part-00001.csv"));
  FoundParts parts = found();
  EXPECT_EQ(parts.run.identity.run_id, "run-1");
  EXPECT_EQ(parts.run.identity.job, "job text");
  ASSERT_EQ(parts.run.identity.source.size(), 1U);
  EXPECT_EQ(parts.run.identity.source[0].version, "etag");
  EXPECT_FALSE(parts.complete);
  EXPECT_FALSE(parts.sink.replacing);
  ASSERT_EQ(parts.state.parts.size(), 2U);
  EXPECT_EQ(parts.state.parts[1].path, folder_.text("out/part-00001.csv"));
  EXPECT_EQ(parts.state.commit.parts, 2);
  EXPECT_EQ(parts.state.commit.next.row, 2) << "the failed rows are read again";
  EXPECT_EQ(parts.state.commit.next.byte_offset, 20);
  EXPECT_THAT(parts.state.commit.beyond, ElementsAre(RowRange{5, 7}));
  EXPECT_EQ(parts.state.commit.counts.rows, 4);
  EXPECT_EQ(parts.recovery.failed(), 3);
  // Each failed row was tried once.
  EXPECT_THAT(parts.recovery.tries(),
              ElementsAre(engine::NotedTries{kNoted, 2}, engine::NotedTries{kNoted, 5}));
}

TEST_F(PartNotesTest, RowsThatFailedBehindTheLastPartAreNotedToo) {
  Commit commit;
  {
    Writing writing(spec(), folder_ / "a", {}, identity());
    ASSERT_TRUE(writing.open());
    ASSERT_TRUE(writing.write_part());
    ASSERT_TRUE(writing.fail_rows(3));
    EXPECT_EQ(found().recovery.failed(), 3);
    commit = writing.commit();
    commit.unanswered.clear();  // a ledger does not keep them
  }
  {
    Writing next(spec(), folder_ / "a", commit, identity());
    ASSERT_TRUE(next.open());
    EXPECT_EQ(found().recovery.failed(), 3) << "the ledger has marked them";
    ASSERT_TRUE(next.write_part());
    EXPECT_EQ(found().recovery.failed(), 3) << "in the note of the next part";
  }
  commit.counts.rows = 2;  // the ledger has not marked them
  Writing unmarked(spec(), folder_ / "a", commit, identity());
  ASSERT_TRUE(unmarked.open());
  EXPECT_EQ(found().recovery.failed(), 0);
}

TEST_F(PartNotesTest, APartWithoutANoteIsWrittenAgain) {
  {
    Writing writing(spec(), folder_ / "a", {}, identity());
    ASSERT_TRUE(writing.open());
    ASSERT_TRUE(writing.write_part());
    ASSERT_TRUE(writing.write_part());
  }
  fs::remove(folder_ / "out/_rowcall/part-00001.json");  // as if killed between part and note
  FoundParts parts = found();
  EXPECT_EQ(parts.state.commit.parts, 1);
  ASSERT_TRUE(parts.take_over(folder_ / "b"));
  Writing next(spec(), folder_ / "b", parts.state.commit, identity());
  ASSERT_TRUE(next.open());
  EXPECT_FALSE(fs::exists(folder_ / "out/part-00001.csv"));
  ASSERT_TRUE(next.write_part());
  ASSERT_TRUE(next.finish());
  EXPECT_EQ(folder_.content("out/part-00001.csv"), "id,name\n2,row 2\n3,row 3\n");
  EXPECT_TRUE(found().state.complete);
}

TEST_F(PartNotesTest, NotesGoBeforeTheirParts) {
  Commit first;
  {
    Writing writing(spec(), folder_ / "a", {}, identity());
    ASSERT_TRUE(writing.open());
    ASSERT_TRUE(writing.write_part());
    first = writing.commit();
    ASSERT_TRUE(writing.write_part());
    ASSERT_TRUE(writing.write_part());
  }
  Writing next(spec(), folder_ / "a", first, identity());  // the ledger knows of one
  ASSERT_TRUE(next.open());
  EXPECT_THAT(folder_.files("out"), ElementsAre("_lock", "_manifest.json", "_rowcall/part-00000.json",
                                                "_rowcall/run.json", "part-00000.csv"));
}

TEST_F(PartNotesTest, AFolderOnDiskHasOneWriter) {
  Writing one(spec(), folder_ / "a", {}, identity());
  ASSERT_TRUE(one.open());
  ASSERT_TRUE(one.write_part());
  auto refused = found().take_over(folder_ / "b");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("another run is writing this table"));
  Writing other(spec(/*overwrite=*/true), folder_ / "b", {}, identity("run-2"));
  EXPECT_FALSE(other.open());
  ASSERT_TRUE(one.finish());
  EXPECT_TRUE(found().take_over(folder_ / "b"));
}

// In S3 there is no lock; the parts' notes say whose they are.
TEST_F(PartNotesTest, AnotherRunDirectoryTakesOver) {
  Folder parts(place_of(folder_.text("out/")).value(), {});
  PartNotes one(identity(), folder_ / "a", {});
  ASSERT_TRUE(one.open(parts, 0));
  ASSERT_TRUE(one.check());
  ASSERT_TRUE(found().take_over(folder_ / "b"));
  auto refused = one.check();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kChanged);
  EXPECT_THAT(refused.error().text(), HasSubstr("another run directory has gone on"));
  Commit commit;
  commit.counts.rows = 1;
  EXPECT_FALSE(PartNotes(identity(), folder_ / "a", commit).open(parts, 0));
  PartNotes other(identity(), folder_ / "b", commit);
  ASSERT_TRUE(other.open(parts, 0));
  EXPECT_TRUE(other.check());
}

TEST_F(PartNotesTest, ATableIsReplacedWholeAndItsNotesWithIt) {
  ASSERT_NO_FATAL_FAILURE(write_old_table());
  Writing writing(spec(/*overwrite=*/true), folder_ / "a", {}, identity());
  ASSERT_TRUE(writing.open());
  ASSERT_TRUE(writing.write_part());
  EXPECT_TRUE(fs::exists(folder_ / "out/_next/_rowcall/part-00000.json"));
  FoundParts parts = found();
  EXPECT_EQ(parts.run.identity.run_id, "run-1") << "not the old one";
  EXPECT_TRUE(parts.sink.replacing);
  EXPECT_EQ(parts.state.commit.parts, 1);
  ASSERT_TRUE(writing.write_part());
  ASSERT_TRUE(writing.finish());
  EXPECT_THAT(folder_.files("out"), ElementsAre("_SUCCESS", "_manifest.json", "_rowcall/part-00000.json",
                                                "_rowcall/part-00001.json", "_rowcall/run.json",
                                                "part-00000.csv", "part-00001.csv"));
  EXPECT_TRUE(found().state.complete);
  EXPECT_EQ(found().run.identity.run_id, "run-1");
}

// Every file of the exchange may be in its old or its new place.
TEST_F(PartNotesTest, AnExchangeThatWasInterruptedIsFinished) {
  {
    ASSERT_NO_FATAL_FAILURE(write_old_table());
    Writing writing(spec(/*overwrite=*/true), folder_ / "a", {}, identity());
    ASSERT_TRUE(writing.open());
    ASSERT_TRUE(writing.write_part());
    ASSERT_TRUE(writing.write_part());
    fs::copy(folder_ / "out", folder_ / "before", fs::copy_options::recursive);
    ASSERT_TRUE(writing.finish());
    fs::copy(folder_ / "out", folder_ / "after", fs::copy_options::recursive);
  }
  std::string complete = folder_.content("after/_rowcall/run.json");
  for (int moved = 0; moved <= 4; ++moved) {
    fs::remove_all(folder_ / "out");
    fs::copy(folder_ / "before", folder_ / "out", fs::copy_options::recursive);
    folder_.write("out/_next/_rowcall/run.json", complete);
    fs::remove(folder_ / "out/_SUCCESS");
    if (moved > 2) fs::remove_all(folder_ / "out/_rowcall");
    const char* files[] = {"part-00000.csv", "part-00001.csv", "_rowcall/part-00000.json",
                           "_rowcall/part-00001.json"};
    for (int i = 0; i < moved; ++i) {
      fs::create_directories(folder_ / "out/_rowcall");
      fs::rename(folder_ / ("out/_next/" + std::string(files[i])),
                 folder_ / ("out/" + std::string(files[i])));
    }
    FoundParts parts = found();
    EXPECT_EQ(parts.state.commit.parts, 2) << moved;
    EXPECT_FALSE(parts.state.complete) << moved;
    fs::remove_all(folder_ / "b");
    ASSERT_TRUE(parts.take_over(folder_ / "b"));
    Writing next(spec(/*overwrite=*/true), folder_ / "b", parts.state.commit, identity());
    ASSERT_TRUE(next.open()) << moved;
    ASSERT_TRUE(next.finish()) << moved;
    EXPECT_EQ(folder_.files("out"), folder_.files("after")) << moved;
    EXPECT_EQ(folder_.content("out/part-00001.csv"), "id,name\n2,row 2\n3,row 3\n");
    EXPECT_TRUE(found().state.complete) << moved;
  }
}

TEST_F(PartNotesTest, DamageIsSaid) {
  {
    Writing writing(spec(), folder_ / "a", {}, identity());
    ASSERT_TRUE(writing.open());
    ASSERT_TRUE(writing.write_part());
  }
  std::string note = folder_.content("out/_rowcall/part-00000.json");
  for (std::size_t i = 0; i < note.size(); ++i) {
    std::string flipped = note;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    folder_.write("out/_rowcall/part-00000.json", flipped);
    auto parts = find_parts(spec(), {});
    ASSERT_FALSE(parts) << flipped;
    EXPECT_THAT(parts.error().text(), HasSubstr("part-00000.json"));
  }
  folder_.write("out/_rowcall/part-00000.json", note);
  folder_.write("out/part-00000.csv", "id,name\n");
  auto shorter = find_parts(spec(), {});
  ASSERT_FALSE(shorter);
  EXPECT_THAT(shorter.error().text(), HasSubstr("part-00000.csv: it is gone, or has another size"));
}

TEST_F(PartNotesTest, NothingIsFoundWhereNothingIs) {
  EXPECT_FALSE(find_parts(spec(), {}).value().has_value());
  folder_.write("out/part-00000.csv", "somebody's\n");
  EXPECT_FALSE(find_parts(spec(), {}).value().has_value());
  SinkSpec file;
  file.path = folder_.text("out.csv");
  EXPECT_FALSE(find_parts(file, {}).value().has_value());
}

}  // namespace
}  // namespace rowcall::files
