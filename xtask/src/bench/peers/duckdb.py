# DuckDB's postgres extension, from the file that its package ships: parallel reading by ctid, writing by binary COPY.
import pathlib
import sys

import duckdb
import duckdb_extension_postgres_scanner as extension

source, target, table = sys.argv[1:4]
path = next(pathlib.Path(extension.__file__).parent.rglob("postgres_scanner.duckdb_extension"))
duck = duckdb.connect(config={"allow_unsigned_extensions": True, "preserve_insertion_order": False})
duck.execute(f"LOAD '{path}'")
duck.execute(f"ATTACH '{source}' AS source (TYPE postgres, READ_ONLY)")
duck.execute(f"ATTACH '{target}' AS target (TYPE postgres)")
duck.execute(f"INSERT INTO target.public.{table} SELECT * FROM source.public.{table}")
