"""polars at the same work, over integers of hundredths. POLARS_MAX_THREADS=n python polars_peer.py FOLDER row12|all20|one12 n REPETITIONS"""
import polars as pl

from common import FOLDER, INDICATORS, MODE, measure

c = pl.col


def load(file, names):
    """Figures have two digits and fewer than fifteen before them, so that the way over a float and back is exact."""
    types = {name: pl.Float64 for name in names}
    hundredths = [(c(name) * 100).round().cast(pl.Int64) for name in names]
    return pl.read_csv(FOLDER + "/" + file, schema_overrides=types).with_columns(hundredths)


rec = load("records.csv", INDICATORS)
par = load("parents.csv", ["gdp", "investment"])
if MODE == "one12":  # the same, of one record
    rec = rec.head(1)

subs = INDICATORS[4:13]


def total(names):  # null where one is null
    e = c(names[0])
    for n in names[1:]:
        e = e + c(n)
    return e


ROW = dict(
    B1=(c("gdp") - total(INDICATORS[1:4])).abs() <= 5,
    B2=(c("gdp_primary") - total(subs[0:2])).abs() <= 2,
    B3=(c("gdp_secondary") - total(subs[2:5])).abs() <= 3,
    B4=(c("gdp_tertiary") - total(subs[5:9])).abs() <= 4,
    B5=(c("gdp") - total(subs)).abs() <= 9,
    B6=(10000 * c("pop_urban") - c("population") * c("urban_share")).abs() <= 50000,
    I1=c("income_urban") >= c("income_rural"),
    I2=(c("urban_share") >= 0) & (c("urban_share") <= 10000),
    I3=c("employed") <= c("population"),
    I4=(c("investment") >= 0) & (c("retail_sales") >= 0),
    C1=~(c("population") > 0) | (c("gdp") > 0),
    C2=~((c("fiscal_revenue") > 0) & (c("gdp_secondary") > 0)) | (c("electricity") > 0),
)


# records are sorted by (unit, t) without gaps: previous = shift(k) where t >= k
def prev(n, k=1):
    return pl.when(c("t") >= k).then(c(n).shift(k))


ly, ep = prev("gdp", 4), prev("employed")
TMP = dict(
    T1=(c("quarter") == 1) | (c("investment") >= prev("investment")),
    T2=pl.when(ly > 0).then((c("gdp_growth") * ly - 10000 * (c("gdp") - ly)).abs() <= 50 * ly),
    T3=pl.when(ep > 0).then((100 * c("employed") >= 80 * ep) & (100 * c("employed") <= 125 * ep)),
    D1=~pl.all_horizontal([c(n) == prev(n) for n in INDICATORS]),
)


def nonpass(wide, rules):
    return (wide.unpivot(on=rules, index=["unit_id", "period"], variable_name="rule", value_name="ok")
            .filter(c("ok").not_().fill_null(True))
            .select("rule", "unit_id", "period", "ok"))


def build():
    lf = rec.lazy()
    if MODE != "all20":
        return [nonpass(lf.select("unit_id", "period", *[e.alias(k) for k, e in ROW.items()]), list(ROW))]
    both = {**ROW, **TMP}
    wide = lf.select("unit_id", "period", *[e.alias(k) for k, e in both.items()])
    res = [nonpass(wide, list(both))]
    # roll-ups
    pl_ = par.lazy()
    def sums(f, key): return f.group_by(c(key).alias("unit_id"), c("period")).agg(
        [pl.when(c(n).null_count() == 0).then(c(n).sum()).alias("s_" + n) for n in ("gdp", "investment")])
    for rule, level, child in (("U1", "city", sums(lf, "city_id")),
                               ("U2", "province", sums(pl_.filter(c("level") == "city"), "parent_id"))):
        j = pl_.filter(c("level") == level).join(child, on=["unit_id", "period"])
        for n in ("gdp", "investment"):
            res.append(j.select(pl.lit(rule).alias("rule"), (c("unit_id") + (":" + n)).alias("unit_id"), "period",
                                ((c(n) - c("s_" + n)).abs() <= 100).alias("ok")).filter(c("ok").not_().fill_null(True)))
    # O1 (halves and quarters of hundredths are exact in f64)
    x = c("electricity")
    o1 = (lf.select("unit_id", "period", "electricity")
          .with_columns((x - x.median().over("unit_id")).abs().alias("dev"), x.count().over("unit_id").alias("n"))
          .with_columns(c("dev").median().over("unit_id").alias("mad"))
          .select(pl.lit("O1").alias("rule"), "unit_id", "period",
                  pl.when((c("n") >= 5) & (c("mad") > 0)).then(~(6745.0 * c("dev") >= 35000.0 * c("mad"))).alias("ok"))
          .filter(c("ok").not_().fill_null(True)))
    res.append(o1)
    # O2
    y = prev("gdp")
    hb = (lf.select("unit_id", "period", "t", "gdp").with_columns((c("gdp") / 100.0).alias("x"), (y / 100.0).alias("y"))
          .with_columns(pl.when((c("x") > 0) & (c("y") > 0)).then(c("x") / c("y")).alias("r"))
          .with_columns(c("r").median().over("period").alias("rm"))
          .with_columns((pl.when(c("r") < c("rm")).then(1 - c("rm") / c("r")).otherwise(c("r") / c("rm") - 1)
                         * pl.max_horizontal("x", "y").sqrt()).alias("e"))
          .with_columns(pl.when(c("r").is_not_null()).then(c("e")).alias("e")))
    q = hb.group_by("period").agg(*[c("e").quantile(p, "linear").alias(n) for n, p in (("q1", .25), ("em", .5), ("q3", .75))])
    ok = c("e").is_between(c("em") - 4 * pl.max_horizontal(c("em") - c("q1"), (0.05 * c("em")).abs()),
                           c("em") + 4 * pl.max_horizontal(c("q3") - c("em"), (0.05 * c("em")).abs()))
    res.append(hb.join(q, on="period", how="left").select(pl.lit("O2").alias("rule"), "unit_id", "period", ok.alias("ok"))
               .filter(c("ok").not_().fill_null(True)))
    return res


def run():
    return pl.concat(pl.collect_all(build()))


def rows(verdicts):
    return [(r, u, p, "undecided" if ok is None else "fail") for r, u, p, ok in verdicts.rows()]


measure("polars " + pl.__version__, run, rows)
