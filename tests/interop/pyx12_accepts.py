"""pyx12 accepts every generated 837P, 837I and 835.

    python pyx12_accepts.py FOLDER

FOLDER holds KIND-SEED.x12, as the test `write_files_for_other_readers` writes them. What pyx12 gets
wrong is listed below, each with its reason and so narrowly that nothing else passes under it: a file
may be refused only for faults of the list, and every fault of the list must still occur.
"""

import collections
import concurrent.futures
import io
import json
import logging
import pathlib
import re
import sys

import pyx12.params
import pyx12.x12n_document

Fault = collections.namedtuple("Fault", "kind element code segment reason")
Error = collections.namedtuple("Error", "element code segment message")

# What pyx12 4.0.0 refuses though the guide allows it. Each fault names the kind of file, the element,
# pyx12's code and the whole segment that it is about.
KNOWN_FAULTS = [
    Fault(
        "837p", "PWK02", "7", r"PWK\*CT\*(AB|AD|AF|AG|NS)",
        "loop 2400 has two PWKs, told apart by PWK02; pyx12 takes every one for the first, whose PWK02 has other codes",
    ),
    *(
        Fault(
            "837p", element, "1", r"NM1\*IL\*2\*[^*]+",
            "2010BA NM108 and NM109 are situational: an employer whose workers are insured has no member number",
        )
        for element in ("NM108", "NM109")
    ),
]

SEEDS = 200


def main(folder):
    logging.disable(logging.CRITICAL)
    seen, refused, excused, failures = collections.Counter(), collections.Counter(), collections.Counter(), []
    paths = sorted(pathlib.Path(folder).glob("*.x12"))
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for path, accepted, found in pool.map(check, paths, chunksize=8):
            kind = path.stem.split("-")[0]
            seen[kind] += 1
            unexplained = []
            for error in found:
                fault = next((fault for fault in KNOWN_FAULTS if excuses(fault, kind, error)), None)
                if fault:
                    excused[fault] += 1
                else:
                    unexplained.append(error)
            if unexplained or (not accepted and not found):
                refused[kind] += 1
                failures.append(f"{path.name}: {unexplained or 'refused without an error'}")
    for kind, count in sorted(seen.items()):
        print(f"{kind}: {count} files, {refused[kind]} refused")
    for fault in KNOWN_FAULTS:
        print(f"known fault of pyx12, {excused[fault]} times: {fault.kind} {fault.element} of {fault.segment}: {fault.reason}")
    failures += [f"only {seen[kind]} files of {kind}" for kind in ("837p", "837i", "835") if seen[kind] < SEEDS]
    failures += [f"no longer a fault of pyx12, or no longer shown: {fault}" for fault in KNOWN_FAULTS if not excused[fault]]
    print("\n".join(failures))
    return 1 if failures else 0


def check(path):
    """Whether pyx12 accepts a file, and its errors."""
    report = io.StringIO()
    accepted = pyx12.x12n_document.x12n_document(pyx12.params.params(), str(path), None, None, None, fd_json=report)
    # The files have one segment a line, and pyx12 counts segments.
    return path, accepted, list(errors(json.loads(report.getvalue()), path.read_text().splitlines()))


def errors(part, lines, at=None, element=""):
    """The errors anywhere in a report."""
    at = part.get("cur_line", at) if "seg_id" in part else at
    if "ele_pos" in part:
        element = f"{lines[at - 1].split('*')[0]}{int(part['ele_pos']):02}"
    for error in part.get("errors", []):
        segment = lines[at - 1].rstrip("~") if at else ""
        yield Error(element, error.get("err_cde"), segment, error.get("err_str"))
    for inner in ("interchanges", "groups", "transactions", "segments", "elements"):
        for item in part.get(inner, []):
            yield from errors(item, lines, at, element)


def excuses(fault, kind, error):
    return (fault.kind, fault.element, fault.code) == (kind, error.element, error.code) and re.fullmatch(fault.segment, error.segment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
