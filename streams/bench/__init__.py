"""The benchmarks behind ``wakewatch bench``: one module per benchmark, named as its sub-command.

To join: write ``streams/bench/<name>.py``, where <name> is one of ``frame.NAMES``, with ::

    def run(data: Data = None, seconds: Annotated[float, typer.Option(help="...", min=1)] = 10.0) -> Measured:
        \"\"\"One line that states what is measured (it is the command's help).

        Example: wakewatch bench <name> --seconds 60
        \"\"\"
        feed = given(data)
        _, cpu_s = cpu_of(lambda: work(feed.lines))
        rows = (Row("all detectors", (Figure("sentences/CPU s", len(feed.lines) / cpu_s),)),)
        return Measured(input=feed.description, rows=rows)

Nothing else is needed: the sub-command exists because the module does, its options are ``run``'s parameters, and
``--json``, ``--against``, the machine's load, the versions and the CPU seconds of this process and its ended children
are added to it (``streams/cli/bench.py``). Name further processes in ``Measured.processes``: ``process_cpu_s(pid)`` has
their CPU seconds while they live. ``--against`` finds a figure of an older result by its row and name: keep both.
``feed.given`` gives the lines of the recordings, or of a generated feed of the same mix, and states which;
``fleets.fresh`` gives a lap of them to other vessels; ``feed.packed`` makes records of ``ais.sentences.v1`` of them.
"""
