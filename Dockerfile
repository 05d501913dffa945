# The image that pods of a study run:  docker build -t example.org/team/xfer:0.1.0 .
#
# The base brings CUDA's tools, Ray and a Python; both have to be those of constraints.txt. torch's wheels bring a CUDA
# runtime of their own, so the driver on the nodes has to be new enough for torch, not for the base.
# Without GPUs: --build-arg BASE=rayproject/ray:2.60.0-py311-cpu
ARG BASE=rayproject/ray:2.60.0-py311-gpu
FROM ${BASE}

# The base's Python lies in the home of its user 1000: other users, as OpenShift picks them, have to get there. And the
# base lets that user become root by sudo, wherever a pod does not forbid it.
USER root
RUN chmod 0755 /home/ray && sed -i '/NOPASSWD/d' /etc/sudoers
USER 1000

# Requirements change less often than the source: a layer of their own. They go into the Python that has Ray, which is
# there at the same version and not installed twice. Pods have a read-only root, where no byte code can be kept later:
# without --compile-bytecode every process would compile everything anew.
RUN --mount=type=bind,source=constraints.txt,target=/build/constraints.txt \
    --mount=type=bind,source=pyproject.toml,target=/build/pyproject.toml \
    python -m pip install --no-cache-dir --disable-pip-version-check --constraint /build/constraints.txt uv \
 && python -m uv pip install --system --no-cache --compile-bytecode --constraint /build/constraints.txt \
    --requirements /build/pyproject.toml --extra train

# Mounted, not copied: a copy of the source that lies in the working folder would be imported before the compiled one.
RUN --mount=type=bind,target=/build \
    python -m uv pip install --system --no-cache --compile-bytecode --no-deps /build \
 && xfer tasks > /dev/null

ENTRYPOINT ["xfer"]
