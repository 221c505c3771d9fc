"""The page of a study, ``index.html``: its stimuli, networks, recordings and figures, with links to data.

`contents` says, while a run is planned, what will be on the page. `thumbnails` and `captions` read what is
shown, and `page` puts it into ``index.html`` (which extends ``base.html``), styled by ``page.css``.
"""
