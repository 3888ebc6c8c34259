# SPDX-License-Identifier: Apache-2.0
"""The totals of a test run count every kind of result, and miss no failure."""

import pytest
from totals import Totals, cases_of, totals_of, unit_totals

GTEST = """<testsuites><testsuite name="A">
  <testcase name="one" status="run" result="completed" />
  <testcase name="two" status="run" result="completed">{failure}</testcase>
  <testcase name="three" status="run" result="skipped"><skipped message="x"/></testcase>
</testsuite></testsuites>"""
CTEST = "<testsuite>{}</testsuite>".format


def ctest_case(name: str, status: str = "run") -> str:
    return f'<testcase name="{name}" classname="{name}" status="{status}"></testcase>'


@pytest.fixture
def results(tmp_path):
    (tmp_path / "gtest").mkdir()
    return tmp_path


def unit(results, gtest: dict[str, str], ctest: str) -> Totals:
    for name, text in gtest.items():
        (results / "gtest" / name).write_text(text)
    (results / "ctest.xml").write_text(CTEST(ctest))
    return unit_totals(results, {"unit.a": "a_test", "unit.b": "b_test", "golden": "check.py"})


def test_cases_are_the_tests(results):
    totals = unit(results, {"a_test.xml": GTEST.format(failure="")}, ctest_case("unit.a"))
    assert totals == Totals(passed=2, failed=0, skipped=1)
    assert totals.line() == "2 passed, 0 failed, 1 skipped"


def test_failed_case_counts_once(results):
    text = GTEST.format(failure='<failure message="x"/>')
    assert unit(results, {"a_test.xml": text}, ctest_case("unit.a", "fail")) == Totals(1, 1, 1)


def test_crash_is_a_failure(results):
    """A program that died wrote no file, or one that is cut short."""
    assert unit(results, {}, ctest_case("unit.a", "fail")).failed == 1
    assert unit(results, {"b_test.xml": "<testsuites><testcase"}, ctest_case("unit.b", "fail")).failed == 1


def test_failure_after_good_cases_counts(results):
    """As when a sanitizer reports a leak at exit."""
    totals = unit(results, {"a_test.xml": GTEST.format(failure="")}, ctest_case("unit.a", "fail"))
    assert totals == Totals(2, 1, 1)


def test_program_without_cases_is_one_test(results):
    totals = unit(results, {"a_test.xml": GTEST.format(failure="")}, ctest_case("unit.a") + ctest_case("golden"))
    assert totals.passed == 3


def test_second_file_of_a_program(results):
    good = GTEST.format(failure="")
    totals = unit(results, {"a_test.xml": good, "a_test_1.xml": good}, ctest_case("unit.a"))
    assert totals.passed == 4


def test_pytest_and_checks(results):
    (results / "pytest.xml").write_text(
        '<testsuites><testsuite><testcase name="a"/><testcase name="b"><error/></testcase></testsuite></testsuites>'
    )
    (results / "checks.tsv").write_text("passed\tbuild\nfailed\tlint\n")
    assert totals_of(results, results).line() == "2 passed, 2 failed"


def test_file_cut_short(results):
    (results / "x.xml").write_text("<testsuite><testcase name='a'/>")
    assert cases_of(results / "x.xml") == Totals(failed=1)
