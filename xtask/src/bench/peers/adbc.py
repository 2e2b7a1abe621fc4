# ADBC: the stream that one connection reads is what the other ingests.
import sys

from adbc_driver_postgresql import dbapi

source, target, table = sys.argv[1:4]
with dbapi.connect(source) as reader, dbapi.connect(target) as writer:
    with reader.cursor() as rows, writer.cursor() as sink:
        rows.execute(f"SELECT * FROM {table}")
        sink.adbc_ingest(table, rows.fetch_record_batch(), mode="append")
    writer.commit()
