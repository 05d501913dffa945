"""The bed's authority and what it signs, and the users that the API server knows by token."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.bed import kubeconfig
from tests.cluster.bed.command import run
from tests.cluster.bed.layout import API_ADDRESS, CONTEXT, NODE, NODE_ADDRESS, Bed

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "3650")
SERVER = f"https://{API_ADDRESS}:443"


@dataclass(frozen=True)
class User:
    """Whom a token stands for."""

    name: str
    groups: tuple[str, ...] = ()


USERS = {
    "admin": User("bed-admin", ("system:masters",)),
    "controller-manager": User("system:kube-controller-manager"),
    "scheduler": User("system:kube-scheduler"),
    "kubelet": User(f"system:node:{NODE}", ("system:nodes",)),
    "coredns": User("coredns"),
    "nobody": User("nobody"),
}
"""``nobody`` may do nothing: for tests of what is forbidden."""


def make(bed: Bed) -> None:
    """Write certificates, tokens and a kubeconfig for every user."""
    folder = bed.certificates
    folder.mkdir(parents=True, mode=0o700)
    (folder / "openssl.cnf").write_text("[req]\ndistinguished_name = name\n[name]\n", encoding="utf-8")
    _authority(folder)
    names = f"IP:{API_ADDRESS},IP:{NODE_ADDRESS},IP:127.0.0.1,DNS:kubernetes.default.svc,DNS:kubernetes"
    _signed(folder, "server", "/CN=kube-apiserver", "serverAuth", f"subjectAltName={names}")
    # The API server shows this one to the kubelet when someone asks for logs or exec.
    _signed(folder, "client", "/O=system:masters/CN=kube-apiserver-kubelet-client", "clientAuth")
    run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", folder / "accounts.key")
    _tokens(bed)


def _authority(folder: Path) -> None:
    run(
        *("openssl", "req", "-x509", "-config", folder / "openssl.cnf", *KEY, "-subj", "/CN=xfer-bed"),
        *("-keyout", folder / "authority.key", "-out", folder / "authority.crt"),
        *("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,digitalSignature"),
        *("-addext", "subjectKeyIdentifier=hash"),
    )


def _signed(folder: Path, name: str, subject: str, usage: str, *extensions: str) -> None:
    more = [word for extension in extensions for word in ("-addext", extension)]
    run(
        *("openssl", "req", "-x509", "-config", folder / "openssl.cnf", *KEY, "-subj", subject),
        *("-CA", folder / "authority.crt", "-CAkey", folder / "authority.key"),
        *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"),
        *("-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"extendedKeyUsage={usage}", *more),
    )


def _tokens(bed: Bed) -> None:
    lines = []
    authority = (bed.certificates / "authority.crt").read_bytes()
    for key, user in USERS.items():
        token = secrets.token_hex(24)
        lines.append(f'{token},{user.name},{key},"{",".join(user.groups)}"\n')
        kubeconfig.write(bed.config(key), kubeconfig.Server(SERVER, authority), token, context=CONTEXT)
    tokens = bed.certificates / "tokens.csv"
    tokens.write_text("".join(lines), encoding="utf-8")
    tokens.chmod(0o600)
    bed.kubeconfig.write_bytes(bed.config("admin").read_bytes())
    bed.kubeconfig.chmod(0o600)
