"""The documented nginx, run for real."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from example_app.demo.processes import free_port

from .test_pages import ROOT


@contextmanager
def documented_nginx(folder: Path, *ports: int) -> Iterator[int]:
    """Run the documented configuration, without its certificate, before what listens on loopback.

    Answers say in ``X-Served-By`` which of the upstream's servers they come from.

    :param ports: of the upstream's servers.
    :return: the port of nginx.
    """
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    port = free_port(0)
    server = (ROOT / "docs" / "samples" / "nginx.conf").read_text("utf-8")
    for line, other in (
        ("server 127.0.0.1:8000;", "\n".join(f"server 127.0.0.1:{one};" for one in ports)),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("http2 on;", ""),
        ("ssl_certificate     /etc/ssl/app.example.com.pem;", ""),
        ("ssl_certificate_key /etc/ssl/app.example.com.key;", ""),
    ):
        assert line in server
        server = server.replace(line, other)
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log off;\nadd_header X-Served-By $upstream_addr always;\n{places}{server} }}\n"
    )
    with (folder / "nginx.log").open("w+b") as log:
        process = subprocess.Popen([nginx, "-p", str(folder), "-c", str(configuration)], stderr=log)
        try:
            while process.poll() is None:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except ConnectionRefusedError:
                    continue
            assert process.poll() is None, (folder / "nginx.log").read_text()
            yield port
        finally:
            process.terminate()
            process.wait()
