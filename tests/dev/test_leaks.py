# SPDX-License-Identifier: Apache-2.0
"""The reader of AddressSanitizer's reports tells our leaks from those of Python and its libraries."""

import leaks

REPORT = """
=================================================================
==7==ERROR: LeakSanitizer: detected memory leaks

Direct leak of 64 byte(s) in 1 object(s) allocated from:
    #0 0x7f in malloc (libasan.so.8+0xb)
    #1 0x55 in PyObject_Malloc (python3.11+0x1)
    #2 0x55 in something (python3.11+0x2)

{ours}SUMMARY: AddressSanitizer: 64 byte(s) leaked in 1 allocation(s).
"""
OURS = """Indirect leak of 32 byte(s) in 1 object(s) allocated from:
    #0 0x7f in operator new(unsigned long) (libasan.so.8+0xb)
    #1 0x7f in rowcall::python::make_table() (rowcall/_engine.abi3.so+0x1)

"""
USE = "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x60\n"


def test_leaks_of_others_are_not_ours():
    assert leaks.leaks_of_ours(REPORT.format(ours="")) == []


def test_a_leak_of_ours_is_found():
    (leak,) = leaks.leaks_of_ours(REPORT.format(ours=OURS))
    assert "make_table" in leak


def test_anything_else_is_an_error():
    assert leaks.errors(REPORT.format(ours="")) == []
    assert len(leaks.errors(USE)) == 1


def test_the_folder_is_judged(tmp_path, capsys):
    (tmp_path / "report.1").write_text(REPORT.format(ours=""))
    assert leaks.main(tmp_path) == 0
    (tmp_path / "report.2").write_text(REPORT.format(ours=OURS))
    assert leaks.main(tmp_path) == 1
    assert "2 reports, 1 faults" in capsys.readouterr().out
