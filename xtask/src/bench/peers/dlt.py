# dlt with what is fastest in it: connectorx reads Arrow, files are CSV and are loaded by COPY.
import os
import sys

source, target, table, work = sys.argv[1:5]
os.environ.update(RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="CRITICAL", DLT_DATA_DIR=work)
# It insists on a password, though the server asks for none.
credentials = target.replace("postgres://", "postgresql://").replace("@", ":unused@", 1)
os.environ["DESTINATION__POSTGRES__CREDENTIALS"] = credentials

import dlt  # noqa: E402 (it reads the environment)
from dlt.sources.sql_database import sql_table  # noqa: E402

url = source.replace("postgres://", "postgresql://")
# The driver by name: SQLAlchemy's default has changed.
engine = url.replace("postgresql://", "postgresql+psycopg2://")
rows = sql_table(credentials=engine, table=table, schema="public", backend="connectorx",
                 reflection_level="minimal", backend_kwargs={"conn": url})
pipeline = dlt.pipeline("bench", destination="postgres", dataset_name="public", pipelines_dir=work)
pipeline.run(rows, table_name=table, loader_file_format="csv", write_disposition="replace").raise_on_failed_jobs()
