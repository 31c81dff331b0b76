"""The steps of a run: each one function from files to files, called by one script.

They put the package's parts together and know nothing of what calls them. Every file they write is
whole or absent, and every number they write depends only on the files and settings they are given.
"""
