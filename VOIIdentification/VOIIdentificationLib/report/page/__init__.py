"""The page that people read: ``report.html``, one file without network and without JavaScript."""
