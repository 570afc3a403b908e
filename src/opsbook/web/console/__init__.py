"""The pages for people.

In: the files that `console/` was built into, below `pages/`. Out: those files, and for the path of
any page the one document that draws it. All that the pages know they ask of the API.
"""
