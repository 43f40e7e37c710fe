"""A server that asks for a client certificate, and refuses with TLS alerts as web servers do.

asyncio's own server cannot be used: it drops the connection before its alert is on the way.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

from fakes.certificates import Certificates
from fakes.oracle import VERSION


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MutualTls

    def do_GET(self) -> None:
        status, kind, body = self.server.answer
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if status == 200 and content:
            report_id = str(json.loads(content)["id"])
            self.server.taken.append(report_id)
            body = json.dumps({"ID": report_id}).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the standard library's name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as above
        pass


class MutualTls(http.server.ThreadingHTTPServer):
    """Takes reports, and answers everything else alike.

    Attributes:
        context: its TLS.
        answer: status, content type and body.
        taken: ids of the reports.
    """

    daemon_threads = False

    def __init__(self, certificates: Certificates, version: ssl.TLSVersion, *, demand: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[str] = []
        self.answer = (200, "application/json", f'"{VERSION}"'.encode())
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates.certificate, certificates.key)
        self.context.minimum_version = self.context.maximum_version = version
        self.context.load_verify_locations(certificates.authority)
        self.context.verify_mode = ssl.CERT_REQUIRED if demand else ssl.CERT_OPTIONAL

    @property
    def url(self) -> str:
        """Base address."""
        return f"https://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(30)
        # The handshake is done by the first read, in the request's own thread.
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A handshake that fails is what the tests are about."""


@contextlib.contextmanager
def mutual_tls(
    certificates: Certificates,
    *,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    demand: bool = True,
) -> Iterator[MutualTls]:
    """Serve as long as the block lasts; without `demand` a client may come without a certificate."""
    with MutualTls(certificates, version, demand=demand) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
