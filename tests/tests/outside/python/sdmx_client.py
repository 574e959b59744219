"""Reads a city over SDMX REST with pysdmx, and compares with the files that `granary-audit` wrote."""

import argparse
import csv
import io
import json

from pysdmx.api.qb import ApiVersion, DataContext, DataQuery, RestService, StructureQuery
from pysdmx.api.qb.data import DataFormat
from pysdmx.api.qb.structure import StructureReference, StructureType
from pysdmx.api.dc.query import MultiFilter, NumberFilter, Operator, TextFilter
from pysdmx.errors import Invalid, NotFound
from pysdmx.io import get_datasets

arguments = argparse.ArgumentParser()
for name in ("api", "token", "dataset", "csv", "structure"):
    arguments.add_argument(f"--{name}", required=True)
asked = arguments.parse_args()


def service(form):
    made = RestService(f"{asked.api}/sdmx/v2", ApiVersion.V2_0_0, data_format=form, timeout=60)
    made._headers["Authorization"] = f"Bearer {asked.token}"
    return made


def data(form=DataFormat.SDMX_CSV_2_0_0, **more):
    query = DataQuery(context=DataContext.DATAFLOW, agency_id="GRANARY", resource_id=asked.dataset, **more)
    return service(form).data(query).decode()


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


# Structures: those of the file, but for the instant at which the message was made.
query = StructureQuery(StructureType.DATAFLOW, "GRANARY", references=StructureReference.ALL)
told = json.loads(service(DataFormat.SDMX_CSV_2_0_0).structure(query))
with open(asked.structure, encoding="utf-8") as file:
    written = json.load(file)
assert told["data"] == written["data"], "structures differ"
own = StructureQuery(StructureType.DATAFLOW, "GRANARY", asked.dataset, references=StructureReference.DESCENDANTS)
own = json.loads(service(DataFormat.SDMX_CSV_2_0_0).structure(own))
assert [flow["id"] for flow in own["data"]["dataflows"]] == [asked.dataset]
assert [one["id"] for one in own["data"]["dataStructures"]] == [asked.dataset]
lists = {one["id"] for one in own["data"]["codelists"]}
assert lists == {"CL_FREQ", "CL_AREA", "CL_OBS_STATUS", "CL_UNIT_MEASURE", f"CL_INDICATOR_{asked.dataset}"}, lists

# Data: every row of the file, whatever the order.
with open(asked.csv, encoding="utf-8", newline="") as file:
    written = list(csv.DictReader(file))
everything = rows(data())
as_tuples = lambda some: sorted(tuple(sorted(row.items())) for row in some)
assert as_tuples(everything) == as_tuples(written) and written, "data differ"

# pysdmx takes the message apart by the structures.
with open("all.csv", "w", encoding="utf-8", newline="") as file:
    file.write(data())
with open("structure.json", "w", encoding="utf-8") as file:
    json.dump(told, file)
read = get_datasets("all.csv", "structure.json")
assert sum(len(one.data) for one in read) == len(written)

# Filters: a key, a component, times, the last of each series, and what has no answer.
first = everything[0]
key = f"{first['FREQ']}.*.{first['INDICATOR']}"
assert all(row["INDICATOR"] == first["INDICATOR"] for row in rows(data(key=key)))
times = sorted({row["TIME_PERIOD"] for row in everything})
since = TextFilter("TIME_PERIOD", Operator.GREATER_THAN_OR_EQUAL, times[-2])
until = TextFilter("TIME_PERIOD", Operator.LESS_THAN_OR_EQUAL, times[-2])
found = rows(data(components=MultiFilter([since, until])))
assert found and {row["TIME_PERIOD"] for row in found} == {times[-2]}, found
last = rows(data(last_n_obs=1))
series = {(row["REF_AREA"], row["INDICATOR"]) for row in everything}
assert len(last) == len(series) < len(everything)
high = rows(data(components=NumberFilter("OBS_VALUE", Operator.GREATER_THAN, 100)))
assert as_tuples(high) == as_tuples(row for row in everything if float(row["OBS_VALUE"] or 0) > 100)
bare = rows(data(attributes="none"))
assert set(bare[0]) == {"STRUCTURE", "STRUCTURE_ID", "ACTION", "FREQ", "REF_AREA", "INDICATOR", "TIME_PERIOD", "OBS_VALUE"}
for wrong, error in [({"key": "X.*.*"}, NotFound), ({"key": "A.B"}, Invalid), ({"include_history": True}, Invalid)]:
    try:
        data(**wrong)
    except error:
        continue
    raise AssertionError(f"{wrong} had to be {error}")

# SDMX-JSON says the same figures.
message = json.loads(data(form=DataFormat.SDMX_JSON_2_0_0))
structure, dataset = message["data"]["structures"][0], message["data"]["dataSets"][0]
dimensions = structure["dimensions"]["series"]
value = lambda component, place: (lambda one: one.get("id", one.get("value")))(component["values"][int(place)])
told = {}
for places, one in dataset["series"].items():
    names = [value(component, place) for component, place in zip(dimensions, places.split(":"))]
    for place, cells in one["observations"].items():
        period = value(structure["dimensions"]["observation"][0], place)
        told[(*names, period)] = cells[0]
written = {
    (row["FREQ"], row["REF_AREA"], row["INDICATOR"], row["TIME_PERIOD"]): float(row["OBS_VALUE"]) if row["OBS_VALUE"] else None
    for row in everything
}
assert told == written, "SDMX-JSON differs"
print("ok: everything held")
