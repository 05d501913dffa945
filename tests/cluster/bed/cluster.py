"""A cluster that tests talk to: the bed, or one that somebody else gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubernetes import client, config

from tests.cluster.bed import kubeconfig
from tests.cluster.bed.layout import BASE_IMAGE, CONTEXT, Bed, BedError


@dataclass(frozen=True)
class Cluster:
    """How to reach a cluster as its administrator."""

    kubeconfig: Path
    bed: Bed | None = None
    """None for somebody else's cluster: volumes and images of the bed are not there."""

    image: str = BASE_IMAGE

    @contextmanager
    def client(self, path: Path | None = None) -> Iterator[client.ApiClient]:
        """A client of this cluster, as whom a kubeconfig names; the administrator's by default."""
        settings = client.Configuration()
        config.load_kube_config(str(path or self.kubeconfig), client_configuration=settings)
        settings.proxy = None if self.bed else settings.proxy
        with client.ApiClient(settings) as api:
            yield api

    def user(self, token: str, path: Path, namespace: str = "default") -> Path:
        """A kubeconfig for any token; its path. A token that nobody issued makes one that is refused."""
        return kubeconfig.write(
            path, kubeconfig.server_of(self.kubeconfig), token, context=CONTEXT, namespace=namespace
        )

    def service_account(self, name: str, namespace: str, path: Path, seconds: int = 3600) -> Path:
        """A kubeconfig for a ServiceAccount that exists, good for ``seconds`` (600 or more); its path."""
        wanted = client.AuthenticationV1TokenRequest(
            spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=seconds)
        )
        with self.client() as kube:
            status = client.CoreV1Api(kube).create_namespaced_service_account_token(name, namespace, wanted).status
        if status is None:
            raise BedError(f"no token for ServiceAccount {namespace}/{name}")
        return self.user(str(status.token), path, namespace)
