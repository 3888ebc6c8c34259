// SPDX-License-Identifier: Apache-2.0
#include "telemetry/console.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "telemetry/screen.h"
#include "telemetry/terminal.h"

namespace rowcall::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Console, RedrawsInPlace) {
  Screen screen;
  Console console(screen.fd(), true);
  console.show({"one of three", "rate 5"});
  console.show({"two", "rate 6", "held"});
  EXPECT_THAT(screen.lines(), ElementsAre("two", "rate 6", "held"));
  console.show({"three of three", "rate 7"});
  EXPECT_THAT(screen.lines(), ElementsAre("three of three", "rate 7"));
}

TEST(Console, ALineStandsAboveTheDisplayWhichStaysWhole) {
  Screen screen;
  Console console(screen.fd(), true);
  console.line("before");
  console.show({"display 1", "display 2"});
  console.line("warning: a line much longer than the display");
  console.line("w");
  console.show({"display 3", "display 4"});
  EXPECT_THAT(screen.lines(), ElementsAre("before", "warning: a line much longer than the display", "w",
                                          "display 3", "display 4"));
}

TEST(Console, ClearLeavesOnlyTheLines) {
  Screen screen;
  {
    Console console(screen.fd(), true);
    console.show({"display 1", "display 2"});
    console.line("a warning");
  }
  EXPECT_THAT(screen.lines(), ElementsAre("a warning"));
}

TEST(Console, AFrameIsOneDrawingAndErasesNothingItWritesAnyway) {
  Screen screen;
  Console console(screen.fd(), true);
  console.show({"aa", "bb"});
  std::size_t first = screen.bytes().size();
  console.show({"cc", "dd"});
  EXPECT_EQ(screen.bytes().substr(first), "\x1b[1A\rcc\x1b[K\r\ndd\x1b[K\x1b[J");
}

TEST(Console, ANarrowerTerminalIsWipedAsManyRowsHigher) {
  Screen screen(80, 24);
  Console console(screen.fd(), true);
  console.show({std::string(70, 'x'), "y"});
  winsize narrow{24, 30, 0, 0};
  ASSERT_EQ(::ioctl(screen.fd(), TIOCSWINSZ, &narrow), 0);
  std::size_t before = screen.bytes().size();
  console.show({"z"});
  EXPECT_THAT(screen.bytes().substr(before),
              HasSubstr("\x1b[3A\r\x1b[J"));  // 70 columns are three rows of 30
}

TEST(Console, ALowTerminalShowsTheFirstLinesOnly) {
  Screen screen(80, 3);
  Console console(screen.fd(), true);
  console.show({"1", "2", "3", "4"});
  EXPECT_THAT(screen.lines(), ElementsAre("1", "2"));
}

TEST(Console, WithoutADisplayThereAreOnlyLines) {
  Screen screen;
  Console console(screen.fd(), false);
  console.show({"display"});
  console.line("line");
  EXPECT_EQ(screen.bytes(), "line\r\n");
}

TEST(Console, ColourTakesNoColumns) {
  Screen screen(20, 24);
  Console console(screen.fd(), true);
  console.show({"\x1b[32m123456789012345\x1b[0m\x1b[2m678\x1b[0m"});
  std::size_t before = screen.bytes().size();
  console.show({"x"});
  EXPECT_EQ(screen.bytes().substr(before), "\rx\x1b[K\x1b[J");  // 18 columns fit: one row
}

// A pipe nobody reads: writes would block for ever.
TEST(Console, NeverWaitsForAReader) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Console console(ends[1], false);
  std::string text(1000, 'x');
  for (int i = 0; i < 1000; ++i) console.line(text);
  std::string got(2'000'000, ' ');
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  std::size_t have = 0;
  for (int round = 0; round < 100; ++round) {
    ssize_t n = ::read(ends[0], got.data() + have, got.size() - have);
    if (n > 0) have += static_cast<std::size_t>(n);
    console.line("again " + std::to_string(round));
  }
  console.clear();
  ssize_t n = ::read(ends[0], got.data() + have, got.size() - have);
  if (n > 0) have += static_cast<std::size_t>(n);
  got.resize(have);
  EXPECT_THAT(got, HasSubstr(" lines could not be shown)\n"));
  EXPECT_THAT(got, HasSubstr("again 99\n"));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Console, AReaderThatWentAwaySilencesIt) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  auto before = ::signal(SIGPIPE, SIG_IGN);
  {
    Console console(ends[1], false);
    console.line("heard");
    ::close(ends[0]);
    console.line("not heard");
    console.line("nor this");
  }
  ::signal(SIGPIPE, before);
  ::close(ends[1]);
}

TEST(Terminal, DisplayDependsOnThePlace) {
  Surroundings terminal{true, "xterm-256color", "", "", "en_US.UTF-8"};
  EXPECT_EQ(display_for(terminal, false), Display::kLive);
  EXPECT_EQ(display_for(terminal, true), Display::kNone);
  Surroundings pipe = terminal;
  pipe.tty = false;
  EXPECT_EQ(display_for(pipe, false), Display::kLines);
  for (const char* term : {"dumb", ""}) {
    Surroundings dumb = terminal;
    dumb.term = term;
    EXPECT_EQ(display_for(dumb, false), Display::kLines);
    EXPECT_FALSE(colour_for(dumb));
  }
  Surroundings ci = terminal;
  ci.ci = "true";
  EXPECT_EQ(display_for(ci, false), Display::kLines);
  ci.ci = "false";
  EXPECT_EQ(display_for(ci, false), Display::kLive);
}

TEST(Terminal, ColourAndCharactersDependOnThePlace) {
  Surroundings terminal{true, "xterm", "", "", "en_US.UTF-8"};
  EXPECT_TRUE(colour_for(terminal));
  terminal.no_color = "1";
  EXPECT_FALSE(colour_for(terminal));
  EXPECT_TRUE(unicode_for(terminal));
  terminal.locale = "C.utf8";
  EXPECT_TRUE(unicode_for(terminal));
  terminal.locale = "C";
  EXPECT_FALSE(unicode_for(terminal));
}

TEST(Terminal, KnowsItsSize) {
  Screen screen(123, 45);
  EXPECT_EQ(terminal_size(screen.fd()).columns, 123);
  EXPECT_EQ(terminal_size(screen.fd()).rows, 45);
  int nowhere = ::open("/dev/null", O_WRONLY);
  EXPECT_EQ(terminal_size(nowhere).columns, 80);
  ::close(nowhere);
}

}  // namespace
}  // namespace rowcall::telemetry
