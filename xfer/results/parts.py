"""Parts: immutable Parquet files, as bytes. Where they are kept is the store's affair."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq


def to_parquet(table: pa.Table) -> bytes:
    """The same bytes for the same table and the same pyarrow."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def from_parquet(content: bytes) -> pa.Table:
    """A part is small: threads would take longer to start than to read it."""
    return pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
