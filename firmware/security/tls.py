"""TLS with certificates from flash: /tls/ca.der (whom we trust), client.der and client.key (who we
are), all in DER. The far side's certificate is always required and judged, its name too.

The files are read when the first connection wants them: a wrong one is told in one sentence, and
mending it needs no restart. No connection is made without them.
"""

import ssl

from micropython import const

from firmware.core.errors import UplinkError

FOLDER = "/tls"
_CA, _CERTIFICATE, _KEY = "ca.der", "client.der", "client.key"

_ALERT = const(0x7780)  # of mbed TLS: the far side says no; what we say no to is said by text
_REFUSED = "TLS: the far side refuses us: client.der must be signed by who it trusts"


class Context:
    """As an SSLContext, as far as the uplink uses one."""

    def __init__(self, folder=FOLDER):
        self._folder = folder
        self._context = None

    def problem(self):
        """A sentence why no connection can be made, "" when the files are good."""
        try:
            self._load()
        except UplinkError as error:
            return str(error)
        return ""

    def wrap_socket(self, sock, server_hostname, do_handshake_on_connect=False):
        """UplinkError when a file is missing or wrong."""
        self._load()
        return self._context.wrap_socket(
            sock,
            server_hostname=server_hostname,
            do_handshake_on_connect=do_handshake_on_connect,
        )

    def _load(self):
        if self._context is not None:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_mode = ssl.CERT_REQUIRED
        authority = self._read(_CA)
        certificate = self._read(_CERTIFICATE)
        key = self._read(_KEY)
        try:
            context.load_verify_locations(cadata=authority)
        except (ValueError, OSError):
            raise UplinkError("TLS: %s/%s is no certificate in DER" % (self._folder, _CA))
        try:
            context.load_cert_chain(certificate, key)
        except (ValueError, OSError) as error:
            wrong = _KEY if "key" in str(error) else _CERTIFICATE
            what = "private key" if wrong == _KEY else "certificate"
            raise UplinkError("TLS: %s/%s is no %s in DER" % (self._folder, wrong, what))
        self._context = context

    def _read(self, name):
        path = "%s/%s" % (self._folder, name)
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            raise UplinkError("TLS: there is no %s: copy it there, in DER" % path)


def explain(error):
    """A sentence for what ended a connection; str(error) when it is nothing of TLS."""
    if isinstance(error, OSError) and error.args and error.args[0] in (_ALERT, -_ALERT):
        return _REFUSED
    return str(error)
