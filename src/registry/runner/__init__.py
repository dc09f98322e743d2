"""``registry-runner``: runs one test run of a registry on the machine that it is started on.

    cli         what the operator says: which registry and run, whom to trust, what to run
    running     the whole run, from its configuration to its results
    reporting   what is said to the registry and asked of it
    package     the signed package: fetched, checked, unpacked
    command     the operator's program, and the end of all that it started

What is run is the operator's alone to say. The registry says what is to be tested; nothing that it answers is executed,
and the program that tests never sees the run's token.
"""
