"""What a notebook uses: thin functions over the package, for arrays and pictures. See `repscape` itself.

One module an idea. All say in words what is wrong with an argument, as a ValueError or a TypeError, and leave
the process as it was.
"""
