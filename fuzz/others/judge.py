"""What other people's parsers do with hostile files.

    python judge.py FOLDER

Gives every file of FOLDER to pyx12 and to linuxforhealth-x12, each in a process of its own that is
ended when a file takes too long, and prints a table. A parser *accepts* a file if it finds nothing wrong,
*rejects* it if it says so in the way it documents, *crashes* with any other exception or the end of
its process, and *hangs* if it takes longer than SECONDS.
"""

import collections
import io
import logging
import multiprocessing
import pathlib
import sys
import warnings

SECONDS = 10


def pyx12(path):
    import pyx12.errors
    import pyx12.params
    import pyx12.x12n_document

    try:
        accepted = pyx12.x12n_document.x12n_document(pyx12.params.params(), path, None, None, None, fd_json=io.StringIO())
    except (pyx12.errors.X12Error, pyx12.errors.EngineError, pyx12.errors.X12PathError) as error:
        return "reject", type(error).__name__
    return ("accept" if accepted else "reject"), ""


def linuxforhealth(path):
    import pydantic
    from linuxforhealth.x12.io import X12ModelReader
    from linuxforhealth.x12.parsing import X12ParseException

    try:
        with X12ModelReader(path) as reader:
            for _ in reader.models():
                pass
    # Its documentation has it raise these for what it does not take.
    except (pydantic.ValidationError, X12ParseException, ValueError) as error:
        if isinstance(error, UnicodeError):
            raise
        return "reject", type(error).__name__
    return "accept", ""


def serve(judge, pipe):
    """Judges files until there are no more."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sys.stdout = sys.stderr = io.StringIO()
    while (path := pipe.recv()) is not None:
        try:
            pipe.send(judge(path))
        except Exception as error:  # noqa: BLE001: whatever it is, it is no answer
            pipe.send(("crash", type(error).__name__))


def verdicts(judge, paths):
    """What a parser says of each file, and why."""
    process = pipe = None
    for path in paths:
        if process is None:
            pipe, other = multiprocessing.Pipe()
            process = multiprocessing.Process(target=serve, args=(judge, other), daemon=True)
            process.start()
            other.close()
        pipe.send(str(path))
        try:
            if pipe.poll(SECONDS):
                yield pipe.recv()
                continue
            verdict = "hang", ""
        except EOFError:
            verdict = "crash", "the process ended"
        process.kill()
        process.join()
        process = None
        yield verdict
    if process:
        pipe.send(None)
        process.join()


def main(folder):
    paths = sorted(pathlib.Path(folder).glob("*.x12"))
    print("| parser | files | accept | reject | crash | hang | exceptions, and how often |")
    print("|---|--:|--:|--:|--:|--:|---|")
    for name, judge in (("pyx12 4.0.0", pyx12), ("linuxforhealth-x12 0.57.0", linuxforhealth)):
        counts, reasons = collections.Counter(), collections.Counter()
        for verdict, reason in verdicts(judge, paths):
            counts[verdict] += 1
            if verdict == "crash":
                reasons[reason] += 1
        told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(6)) or "none"
        columns = " | ".join(str(counts[verdict]) for verdict in ("accept", "reject", "crash", "hang"))
        print(f"| {name} | {len(paths)} | {columns} | {told} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
