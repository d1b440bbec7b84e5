"""A certificate authority and a server certificate for trying TLS out, made by the openssl program."""

import ipaddress
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from broker.errors import ProductionError

_DAYS: Final = "825"
_SECONDS: Final = 60
_EC: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_CA_EXTENSIONS: Final = (
    "basicConstraints=critical,CA:TRUE,pathlen:0",
    "keyUsage=critical,keyCertSign,cRLSign",
)


def find_openssl() -> str:
    """Return where the openssl program is.

    Raises:
        ProductionError: It is not installed.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        raise ProductionError(
            "openssl is not installed, so no certificate can be made for trying out. Install it (apt install "
            "openssl), or leave out --self-signed and bring your own server.crt and server.key."
        )
    return openssl


def make_certificates(openssl: str, folder: Path, hostnames: Sequence[str]) -> None:
    """Write `ca.crt`, `ca.key`, `server.crt` and `server.key` into a folder.

    An authority that is already there is kept, so that those who trust it need not be told again; the
    server's certificate is always new. Keys have mode 0600.

    Args:
        openssl: The program.
        folder: Where to; exists.
        hostnames: The names and addresses that clients connect to; localhost is added.

    Raises:
        ProductionError: openssl refuses.
    """
    authority, authority_key = folder / "ca.crt", folder / "ca.key"
    if not (authority.exists() and authority_key.exists()):
        request = ["req", "-x509", *_EC, "-subj", "/CN=Penumbra trial authority", "-days", _DAYS]
        extensions = [part for extension in _CA_EXTENSIONS for part in ("-addext", extension)]
        _run(openssl, *request, *extensions, "-keyout", authority_key, "-out", authority)
    key, request_file, settings = folder / "server.key", folder / "server.csr", folder / "server.ext"
    try:
        _run(openssl, "req", *_EC, "-subj", "/CN=penumbra-broker", "-keyout", key, "-out", request_file)
        settings.write_text(_server_extensions(hostnames), encoding="utf-8")
        signing = ("-CA", authority, "-CAkey", authority_key, "-set_serial", f"0x{os.urandom(16).hex()}")
        output = ("-days", _DAYS, "-extfile", settings, "-out", folder / "server.crt")
        _run(openssl, "x509", "-req", "-in", request_file, *signing, *output)
        for public in (authority, folder / "server.crt"):
            public.chmod(0o644)
    finally:
        request_file.unlink(missing_ok=True)
        settings.unlink(missing_ok=True)


def _server_extensions(hostnames: Sequence[str]) -> str:
    names = [_alternative(name) for name in dict.fromkeys((*hostnames, "localhost", "127.0.0.1"))]
    lines = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"]
    lines += ["extendedKeyUsage=serverAuth", "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"]
    return "\n".join([*lines, f"subjectAltName={','.join(names)}", ""])


def _alternative(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def _run(openssl: str, *arguments: str | Path) -> None:
    try:
        subprocess.run(  # noqa: S603 - a fixed program; names have been checked
            [openssl, *map(str, arguments)],
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            umask=0o077,
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()[-500:]
        raise ProductionError(f"openssl {arguments[0]} failed: {said}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProductionError(f"openssl {arguments[0]} could not be run: {error}") from error
