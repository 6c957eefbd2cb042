"""Certificates for a test, made with openssl: an authority, a broker on localhost, a client."""

import subprocess


def _openssl(*arguments, given=None):
    subprocess.run(["openssl", *map(str, arguments)], input=given, check=True, capture_output=True)


def authority(folder, name):
    """<name>.pem (key), <name>.crt and <name>.der, signed by itself."""
    key, crt = folder / f"{name}.pem", folder / f"{name}.crt"
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    _openssl("req", "-x509", "-new", "-key", key, "-days", 30, "-subj", f"/CN={name}", "-out", crt)
    _openssl("x509", "-in", crt, "-outform", "DER", "-out", folder / f"{name}.der")


def issue(folder, by, name, host):
    """<name>.pem (key), .crt, and in DER .der and .key, for the host's name, signed by `by`."""
    key, csr, crt, ext = (folder / f"{name}.{end}" for end in ("pem", "csr", "crt", "ext"))
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    _openssl("req", "-new", "-key", key, "-subj", f"/CN={host}", "-out", csr)
    ext.write_text(f"subjectAltName=DNS:{host}\n")
    signer = ("-CA", folder / f"{by}.crt", "-CAkey", folder / f"{by}.pem", "-CAcreateserial")
    _openssl("x509", "-req", "-in", csr, *signer, "-days", 30, "-extfile", ext, "-out", crt)
    _openssl("x509", "-in", crt, "-outform", "DER", "-out", folder / f"{name}.der")
    _openssl("ec", "-in", key, "-outform", "DER", "-out", folder / f"{name}.key")
