"""What a release is made of beside the code: the bill of materials, licences, advisories, notes, checksums.

`python -m athena_release --help`; the Makefile calls it. It reads the locks and never what happens to be installed, but
for the packages' own words about their licences.
"""
