"""Runs the exported rules in vtlengine and compares its verdicts with Granary's.

    python3 -m venv vtl && vtl/bin/pip install -r requirements.txt
    vtl/bin/python run.py [--engine pandas|duckdb]

Reads what stands beside it: rulesets.vtl, transformations.vtl, structures.json, data/*.csv, rules.csv and
granary-verdicts.csv. Writes vtl-verdicts.csv. Exit code 0: all verdicts are equal; 1: some are not, each is printed.
"""

import argparse
import csv
import datetime
import json
import pathlib
import re
import sys

import pandas
import vtlengine

RELATIVE, ABSOLUTE = 1e-9, 1e-9
HERE = pathlib.Path(__file__).resolve().parent


def period(text):
    """vtlengine's form of a period as Granary writes it: 2021-A1, 2021-S1, 2021-Q3, 2021-M03, 2021-03-31."""
    year, kind, number = re.fullmatch(r"(\d{4})-?([ASQMD]?)(\d*)", str(text)).groups()
    if kind == "M":
        return f"{year}-M{int(number):02}"
    if kind == "D":
        return str(datetime.date(int(year), 1, 1) + datetime.timedelta(int(number) - 1))
    return f"{year}-{kind or 'A'}{int(number or 1)}"


def truth(value):
    return "undecided" if pandas.isna(value) else "true" if bool(value) else "false"


def read_data(structures):
    """The data as texts and numbers; pandas would guess that a unit's code is a number."""
    data = {}
    for dataset in structures["datasets"]:
        name = dataset["name"]
        kinds = {c["name"]: c["type"] for c in dataset["DataStructure"]}
        frame = pandas.read_csv(HERE / "data" / f"{name}.csv", dtype=str, keep_default_na=False)
        for column, kind in kinds.items():
            if kind in ("Number", "Integer"):
                frame[column] = pandas.to_numeric(frame[column])
                if kind == "Number":
                    frame[column] = frame[column].astype("float64")
        data[name] = frame
    return data


def keyed(frame, column, rule=None):
    """Values by unit, period and item."""
    if frame is None:
        return {}
    if rule is not None:
        frame = frame[frame["ruleid"] == rule]
    items = frame["ITEM"] if "ITEM" in frame else [""] * len(frame)
    keys = zip(frame["UNIT"].astype(str), map(period, frame["PERIOD"].astype(str)), items)
    return dict(zip(keys, frame[column]))


def rows(name):
    with open(HERE / name, encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--engine", choices=["pandas", "duckdb"], default="pandas")
    engine = arguments.parse_args().engine
    structures = json.loads((HERE / "structures.json").read_text(encoding="utf-8"))
    script = "".join((HERE / name).read_text(encoding="utf-8") for name in ("rulesets.vtl", "transformations.vtl"))
    results = vtlengine.run(
        script=script,
        data_structures=structures,
        datapoints=read_data(structures),
        return_only_persistent=True,
        time_period_output_format="sdmx_reporting",
        use_duckdb=engine == "duckdb",
    )
    frames = {name: result.data for name, result in results.items()}
    answers = {}
    for rule in rows("rules.csv"):
        edit = (rule["dataset"], rule["edit"])
        trees = [keyed(frames[name], "VERDICT") for name in rule["hierarchies"].split()]
        answers[edit] = {
            "verdict": keyed(frames[rule["verdicts"]], "bool_var", rule["rule"]),
            "imbalance": keyed(frames[rule["imbalances"]], rule["imbalance"]) if rule["imbalance"] else None,
            "hierarchy": {key: value for tree in trees for key, value in tree.items()} if trees else None,
        }
    compare(answers)


def compare(answers):
    judged, differences, imbalances, hierarchies, told = 0, 0, 0, 0, []
    in_scope = set()
    counts = {"true": 0, "false": 0, "undecided": 0}
    for row in rows("granary-verdicts.csv"):
        edit, key = (row["dataset"], row["edit"]), (row["unit"], row["period"], row["item"])
        answer, wrong = answers[edit], []
        in_scope.add((edit, key))
        judged += 1
        found = truth(answer["verdict"].get(key))
        counts[row["verdict"]] += 1
        if found != row["verdict"]:
            wrong.append(f"verdict {row['verdict']}, vtlengine {found}")
        if row["imbalance"] and answer["imbalance"] is not None:
            ours, theirs = float(row["imbalance"]), answer["imbalance"].get(key)
            imbalances += 1
            if pandas.isna(theirs) or abs(ours - theirs) > ABSOLUTE + RELATIVE * abs(ours):
                wrong.append(f"imbalance {row['imbalance']}, vtlengine {theirs}")
        if answer["hierarchy"] is not None:
            found = truth(answer["hierarchy"].get(key))
            hierarchies += 1
            if found != row["verdict"]:
                wrong.append(f"verdict {row['verdict']}, vtlengine's check_hierarchy {found}")
        told.append([*edit, *key, truth(answer["verdict"].get(key))])
        differences += bool(wrong)
        for line in wrong:
            print("/".join([*edit, *key]), line)
    # Outside of its scope a rule holds.
    for edit, answer in answers.items():
        for key, value in answer["verdict"].items():
            if (edit, key) not in in_scope and truth(value) != "true":
                differences += 1
                print("/".join([*edit, *key]), "out of scope, vtlengine", truth(value))
    with open(HERE / "vtl-verdicts.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["dataset", "edit", "unit", "period", "item", "verdict"], *told])
    print(
        f"{judged} verdicts ({counts['true']} true, {counts['false']} false, {counts['undecided']} undecided), "
        f"{imbalances} imbalances, {hierarchies} by check_hierarchy: {differences} differ"
    )
    sys.exit(1 if differences else 0)


main()
