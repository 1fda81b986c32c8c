"""
A headless Chromium for tests of pages, spoken to over a pipe: no driver, no network, no package.

The protocol: https://chromedevtools.github.io/devtools-protocol/; with ``--remote-debugging-pipe``
every message is JSON and ends with a zero byte.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from paths import ROOT

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
FLAGS = (
    *('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'),
    *('--disable-background-networking', '--disable-component-update', '--disable-sync'),
    *('--hide-scrollbars', '--remote-debugging-pipe'),
)
TIMEOUT_S = 60.0
_OURS, _THEIRS = 3, 4
"""File descriptors by which Chromium reads and writes."""

AXE_PLACES = (
    os.environ.get('AXE_CORE', ''),
    ROOT / 'node_modules' / 'axe-core' / 'axe.min.js',
    '/usr/share/javascript/axe-core/axe.min.js',
)
"""Where ``npm install axe-core`` puts it; the variable AXE_CORE names another place."""


def chromium_path():
    """The program, or a skip that says so."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip('no Chromium here: the page is not opened')
    return found


def axe_source():
    """The text of axe-core, or a skip that says so."""
    found = next((Path(place) for place in AXE_PLACES if place and Path(place).is_file()), None)
    if found is None:
        pytest.skip('no axe-core here (npm install axe-core): accessibility is not checked')
    return found.read_text(encoding='utf-8')


class Chromium:
    """One browser with one page; a context manager."""

    def __init__(self):
        self.messages, self.requests, self._buffer, self._id = [], [], b'', 0

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_it, self._write = _high_pipe()
        self._read, from_it = _high_pipe()
        command = [chromium_path(), *FLAGS, f'--user-data-dir={self._folder.name}', 'about:blank']
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(_OURS, _THEIRS),
            preexec_fn=lambda: (os.dup2(to_it, _OURS), os.dup2(from_it, _THEIRS)),  # noqa: PLW1509 - no threads here
        )
        os.close(to_it)
        os.close(from_it)
        self._session = None
        pages = self.call('Target.getTargets')['targetInfos']
        target = next(page for page in pages if page['type'] == 'page')['targetId']
        attached = self.call('Target.attachToTarget', targetId=target, flatten=True)
        self._session = attached['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')
        return self

    def __exit__(self, *_error):
        self._process.terminate()
        self._process.wait(TIMEOUT_S)
        os.close(self._write)
        os.close(self._read)
        self._folder.cleanup()

    def call(self, method, **parameters):
        """Ask for something and wait for the answer."""
        self._id += 1
        message = {'id': self._id, 'method': method, 'params': parameters}
        if self._session:
            message['sessionId'] = self._session
        self._write_all(json.dumps(message).encode() + b'\0')
        while True:
            answer = self._next()
            if answer.get('id') == self._id:
                if 'error' in answer:
                    raise AssertionError(answer['error'])
                return answer['result']

    def open(self, path, *, width=1280, height=900, scheme='light'):
        """Load a file; what it says and asks for is kept in `messages` and `requests`."""
        self.messages.clear()
        self.requests.clear()
        self.call(
            'Emulation.setDeviceMetricsOverride',
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        feature = {'name': 'prefers-color-scheme', 'value': scheme}
        self.call('Emulation.setEmulatedMedia', media='', features=[feature])
        self._loaded = False
        self.call('Page.navigate', url=Path(path).resolve().as_uri())
        while not self._loaded:
            self._next()

    def evaluate(self, expression):
        """The value of JavaScript; a promise is awaited."""
        answer = self.call(
            'Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True
        )
        assert 'exceptionDetails' not in answer, answer['exceptionDetails']
        return answer['result'].get('value')

    def screenshot(self, path, *, whole=False):
        """What is seen, or the whole page, as PNG."""
        data = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(data['data']))

    def pdf(self, path):
        """The page as it prints, with the paper size that it asks for."""
        data = self.call('Page.printToPDF', preferCSSPageSize=True, printBackground=True)
        Path(path).write_bytes(base64.b64decode(data['data']))

    def violations(self):
        """What axe-core finds, with all its rules, as ``rule: element``."""
        self.evaluate(axe_source() + ';0')
        return self.evaluate(
            'axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa",'
            ' "wcag22aa", "best-practice"], resultTypes: ["violations"]}).then(found =>'
            ' found.violations.flatMap(one => one.nodes.map(node =>'
            ' one.id + ": " + node.target + " " + node.failureSummary)))'
        )

    def _write_all(self, data):
        while data:
            data = data[os.write(self._write, data) :]

    def _next(self):
        until = time.monotonic() + TIMEOUT_S
        while b'\0' not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            data = os.read(self._read, 1 << 20) if ready else b''
            assert data, 'Chromium does not answer'
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b'\0')
        message = json.loads(text)
        self._keep(message)
        return message

    def _keep(self, message):
        method, said = message.get('method'), message.get('params', {})
        if method in ('Runtime.consoleAPICalled', 'Runtime.exceptionThrown', 'Log.entryAdded'):
            self.messages.append(json.dumps(said)[:500])
        if method == 'Network.requestWillBeSent':
            self.requests.append(said['request']['url'])
        if method == 'Page.loadEventFired':
            self._loaded = True


def _high_pipe():
    """A pipe whose ends are none of the numbers that Chromium wants."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(end)
    return ends
