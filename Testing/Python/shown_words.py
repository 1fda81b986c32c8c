"""What a user reads in the panel's list of results: rich text without its marks."""

import re
from html import unescape


def words(html):
    """Lines of text, each paragraph and each break begins one."""
    lines = re.split(r'<br>|</p>', html)
    return '\n'.join(unescape(re.sub(r'<[^>]*>', '', line)) for line in lines if line)


def results_words(ui):
    """Of the panel."""
    return words(ui.resultsBrowser.html)
