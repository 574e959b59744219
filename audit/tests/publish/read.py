"""Opens a table with readers that Granary's authors did not write, and prints what they see as JSON.

read.py parquet FILE         with pyarrow and duckdb, which must see the same
read.py csv FILE             with pyarrow
read.py sdmx FILE STRUCTURE  with pysdmx, by the structures
"""

import csv
import datetime
import decimal
import json
import sys

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def text(value):
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(milliseconds=1)
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(type(value))


def arrow_rows(table):
    return [{name: text(cell) for name, cell in row.items()} for row in table.to_pylist()]


def duckdb_rows(path):
    import duckdb

    source = f"read_parquet('{path}')"
    kinds = duckdb.sql(f"describe select * from {source}").fetchall()
    cells = ", ".join(
        f'epoch_ms("{name}")' if kind.startswith("TIMESTAMP") else f'"{name}"'
        for name, kind, *_ in kinds
    )
    rows = duckdb.sql(f"select {cells} from {source}").fetchall()
    names = [kind[0] for kind in kinds]
    rows = [{name: text(cell) for name, cell in zip(names, row)} for row in rows]
    return rows, {name: kind for name, kind, *_ in kinds}


def parquet(path):
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    rows = arrow_rows(file.read())
    seen, kinds = duckdb_rows(path)
    if rows != seen:
        different = [pair for pair in zip(rows, seen) if pair[0] != pair[1]]
        sys.exit(f"pyarrow and duckdb differ: {len(rows)} and {len(seen)} rows, {different[:1]}")
    chunks = [
        file.metadata.row_group(group).column(column)
        for group in range(file.num_row_groups)
        for column in range(file.metadata.num_columns)
    ]
    return {
        "rows": rows,
        "types": {field.name: str(field.type) for field in file.schema_arrow},
        "nullable": {field.name: field.nullable for field in file.schema_arrow},
        "duckdb": kinds,
        "row_groups": file.num_row_groups,
        "compression": sorted({chunk.compression for chunk in chunks}),
        "dictionaries": all(
            chunk.has_dictionary_page for chunk in chunks if chunk.physical_type == "BYTE_ARRAY"
        ),
        "facts": {key.decode(): value.decode() for key, value in file.metadata.metadata.items()},
    }


def as_csv(path):
    import pyarrow as pa
    import pyarrow.csv as pc

    with open(path, encoding="utf-8-sig", newline="") as file:
        headings = next(csv.reader(file))
    options = pc.ConvertOptions(
        column_types={name: pa.string() for name in headings}, strings_can_be_null=False
    )
    parsing = pc.ParseOptions(newlines_in_values=True)
    return {"rows": arrow_rows(pc.read_csv(path, parse_options=parsing, convert_options=options))}


def sdmx(path, structure):
    import pandas
    from pysdmx.io import get_datasets, read_sdmx

    message = read_sdmx(structure, validate=True)
    seen = {}
    for dataset in get_datasets(path, structure, validate=True):
        schema = dataset.structure
        components = {
            component.id: component.role.name for component in schema.components
        }
        # A column that only other structures know must be empty here.
        unknown = {
            name
            for name in set(dataset.data.columns) - set(components)
            if (dataset.data[name].fillna("") != "").any()
        }
        codes = {
            component.id: {code.id for code in component.enumeration}
            for component in schema.components
            if component.enumeration
        }
        for name, known in codes.items():
            unknown |= {f"{name}={cell}" for cell in set(dataset.data[name].dropna()) - known}
        seen[schema.short_urn] = {
            "components": components,
            "unknown": sorted(unknown),
            "rows": [
                {name: None if pandas.isna(cell) else str(cell) for name, cell in row.items()}
                for row in dataset.data.to_dict("records")
            ],
        }
    return {"structures": [one.short_urn for one in message.structures], "datasets": seen}


if __name__ == "__main__":
    read = {"parquet": parquet, "csv": as_csv, "sdmx": sdmx}[sys.argv[1]]
    json.dump(read(*sys.argv[2:]), sys.stdout, ensure_ascii=False)
