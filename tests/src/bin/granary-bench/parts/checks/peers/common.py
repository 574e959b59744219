"""What the two peers share: the rules' names, the clock, the dump of verdicts that are not "pass"."""
import json
import resource
import sys
import time

INDICATORS = [
    "gdp", "gdp_primary", "gdp_secondary", "gdp_tertiary", "agri_crops", "agri_livestock", "ind_mining",
    "ind_manufacturing", "ind_construction", "svc_trade", "svc_transport", "svc_finance", "svc_other", "investment",
    "retail_sales", "fiscal_revenue", "fiscal_expenditure", "income_urban", "income_rural", "population", "pop_urban",
    "urban_share", "employed", "electricity", "gdp_growth", "investment_growth", "retail_growth",
    "fiscal_revenue_growth", "income_urban_growth", "electricity_growth",
]
FOLDER, MODE, THREADS, REPETITIONS = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def measure(version, run, rows):
    """Runs once to warm up, then repeatedly; writes the last run's verdicts and prints one line of JSON."""
    times = []
    for _ in range(REPETITIONS + 1):
        start = time.perf_counter()
        found = run()
        times.append((time.perf_counter() - start) * 1e3)
    with open(FOLDER + "/verdicts.tsv", "w") as file:
        for row in rows(found):
            file.write("%s\t%s\t%s\t%s\n" % tuple(row))
    times = sorted(times[1:])
    print(json.dumps({
        "version": version,
        "median_ms": times[len(times) // 2],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }))
