"""pyx12 accepts our 999s and 277CAs.

    python pyx12_reads_answers.py FOLDER

FOLDER holds NAME.999, NAME.277ca and NAME.all, as the test `write_answers_for_other_readers` writes them.
What pyx12 asks beyond the guides is listed below; nothing else passes.
"""

import collections
import concurrent.futures
import logging
import pathlib
import sys

import pyx12_accepts

Excuse = collections.namedtuple("Excuse", "segment element code reason")

# What pyx12 4.0.0 refuses though the guides allow it.
KNOWN = [
    Excuse("IK3", "IK303", "5", "loop ids have up to six characters in the field; it allows four"),
    Excuse("STC", "STC02", "1", "the status of a service line has no date; it wants one"),
]


def main(folder):
    logging.disable(logging.CRITICAL)
    seen, excused, failures = collections.Counter(), collections.Counter(), []
    paths = sorted(path for path in pathlib.Path(folder).iterdir())
    with concurrent.futures.ProcessPoolExecutor() as pool:
        for path, accepted, found in pool.map(pyx12_accepts.check, paths, chunksize=8):
            seen[path.suffix] += 1
            unexplained = []
            for error in found:
                segment = (error.segment or "").split("*")[0]
                excuse = next((one for one in KNOWN if (one.segment, one.element, one.code) == (segment, error.element, error.code)), None)
                if excuse:
                    excused[excuse] += 1
                else:
                    unexplained.append(error)
            if unexplained or (not accepted and not found):
                failures.append(f"{path.name}: {unexplained or 'refused without an error'}")
    for kind, count in sorted(seen.items()):
        print(f"{kind}: {count} answers read")
    for excuse in KNOWN:
        print(f"asked beyond the guide, {excused[excuse]} times: {excuse.segment} {excuse.element}: {excuse.reason}")
    failures += [f"no longer asked, or no longer shown: {excuse}" for excuse in KNOWN if not excused[excuse]]
    failures += [f"no answers {kind}" for kind in (".999", ".277ca", ".all") if not seen[kind]]
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
