#!/usr/bin/env python3
"""Prints "passed NAME" or "failed NAME" for every test case of the last `meson test`.

Usage: test_cases.py TESTLOG_JSON TESTLOG_JUNIT_XML

A GoogleTest program counts as its cases (from the JUnit log), any other test as one. A program that died
before it wrote its cases counts as one failure, which is why the JSON log is read too.
"""
import json
import sys
import xml.etree.ElementTree as ElementTree

PASSED_RESULTS = {"OK", "EXPECTEDFAIL"}


def cases_of_suites(junit_path):
    """{test name: [(case name, whether it passed)]}; skipped and disabled cases are left out.

    Meson names a GoogleTest suite PROJECT.TEST.SUITE, and puts all other tests into one suite, PROJECT.
    """
    cases = {}
    for suite in ElementTree.parse(junit_path).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            if case.find("skipped") is not None or case.get("status") == "notrun":
                continue
            passed = case.find("failure") is None and case.find("error") is None
            name = f'{case.get("classname", "")}.{case.get("name", "")}'
            parts = suite.get("name", "").split(".")
            if len(parts) >= 3:
                cases.setdefault(parts[1], []).append((name, passed))
    return cases


def main():
    suites = cases_of_suites(sys.argv[2])
    with open(sys.argv[1], encoding="utf-8") as log:
        tests = [json.loads(line) for line in log if line.strip()]
    for test in tests:
        if test["result"] == "SKIP":
            continue
        name = test["name"].split(" / ")[-1]
        cases = suites.get(name, [])
        program_passed = test["result"] in PASSED_RESULTS
        if program_passed or any(not passed for _, passed in cases):
            cases = cases or [("", program_passed)]
        else:
            cases = cases + [("(the program itself)", False)]
        for case, passed in cases:
            print("passed" if passed else "failed", f"{name} {case}".strip())


if __name__ == "__main__":
    main()
