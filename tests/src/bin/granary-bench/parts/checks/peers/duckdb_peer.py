"""DuckDB at the same work. python duckdb_peer.py FOLDER row12|all20|one12 THREADS REPETITIONS"""
import re

import duckdb

from common import FOLDER, INDICATORS, MODE, THREADS, measure

sections = dict(re.findall(r"--# (\w+)\n(.*?)(?=\n--# |\Z)", open(FOLDER + "/duckdb.sql").read(), re.S))
sections["all20"] = sections["all20"].replace("@D1@", " AND ".join("r.%s = p.%s" % (n, n) for n in INDICATORS))

database = duckdb.connect(config={"threads": THREADS})


def load(table, file, texts, decimals):
    columns = {name: "VARCHAR" for name in texts} | {"t": "INTEGER"} | {name: "DECIMAL(18,2)" for name in decimals}
    columns |= {"quarter": "INTEGER"} if table == "rec" else {}
    database.execute("CREATE TABLE %s AS FROM read_csv('%s/%s', header = true, types = %r)" % (table, FOLDER, file, columns))


load("rec", "records.csv", ["unit_id", "city_id", "period"], INDICATORS)
load("par", "parents.csv", ["unit_id", "level", "parent_id", "period"], ["gdp", "investment"])
if MODE == "one12":  # the same, of one record
    database.execute("CREATE OR REPLACE TABLE rec AS FROM rec LIMIT 1")
    sections[MODE] = sections["row12"]


def run():
    database.execute(sections[MODE])
    return database.execute("SELECT count(*) FROM verdicts").fetchall()


measure("DuckDB " + duckdb.__version__, run, lambda _: database.execute("SELECT * FROM verdicts").fetchall())
